package files

import "slices"

// Options say how a file is read.
type Options struct {
	Format string // a name in Formats; "" is auto
	Column string // whose answers are taken where a file has those of several cleaners
}

// Format is a way in which predictions or gold come.
type Format struct {
	Name  string
	About string // for menus and help

	shape shape
	ends  []string // of the files of a folder
	parse func(input) (item, error)
}

// shape is how records stand in files.
type shape int

const (
	byLine shape = iota // a line each
	byKey               // members of one JSON object
	byFile              // a file each
	byCase              // a folder each
)

// input is one record to be parsed.
type input struct {
	id     string // as the file around it says
	raw    []byte
	column string
	brief  bool // only to be checked: a text that is there may be left out
}

var pageEnds = []string{".html", ".htm", ".xhtml"}

// Formats are the formats, auto first. Most are used for gold as well.
var Formats = []Format{
	{Name: "auto", About: "recognised by what is in it"},
	{Name: "native", About: "JSON Lines: id or url; text, blocks or spans; status, ms, cleaner, version", shape: byLine, parse: nativeRecord},
	{Name: "wceb", About: "JSON Lines of WCEB: page_id, plaintext, model", shape: byLine, parse: nativeRecord},
	{Name: "webmainbench", About: "JSON Lines of WebMainBench with NAME_content, NAME_success and NAME_time for each cleaner", shape: byLine, parse: webMainBench},
	{Name: "aeb", About: "JSON of article-extraction-benchmark: articleBody by id, with or without version and output around it", shape: byKey, parse: member},
	{Name: "wcxb", About: "JSON of WCXB: texts by id", shape: byKey, parse: member},
	{Name: "wcxb-pages", About: "a folder of WCXB's pages, a JSON file each, with ground_truth", shape: byFile, ends: []string{".json"}, parse: wcxbPage},
	{Name: "trafilatura", About: "JSON of trafilatura's gold: snippets with and without by address; its predictions are native, by url or file", shape: byKey, parse: member},
	{Name: "text", About: "a folder of texts, a file each", shape: byFile, ends: []string{".txt", ".md"}, parse: plainText},
	{Name: "cleaneval", About: "a folder of CleanEval's texts, with <h>, <p>, <l> and a line URL:", shape: byFile, ends: []string{".txt"}, parse: cleanEval},
	{Name: "dragnet", About: "a folder of dragnet's texts, X.html.corrected.txt, comments left out", shape: byFile, ends: []string{".txt"}, parse: dragnetText},
	{Name: "dragnet-blocks", About: "a folder of dragnet's blocks, tab-separated, X.block_corrected.txt", shape: byFile, ends: []string{".txt", ".tsv"}, parse: dragnetBlocks},
	{Name: "html", About: "a folder of HTML pages, a file each: what is visible", shape: byFile, ends: pageEnds, parse: visiblePage},
	{Name: "boilernet", About: "HTML where __boilernet_label=\"1\" marks body", shape: byFile, ends: pageEnds, parse: labelledPage("boilernet")},
	{Name: "l3s-gn1", About: "HTML where the classes x-nc-sel1, 2 and 3 mark body: headline, full text, supplement", shape: byFile, ends: pageEnds, parse: labelledPage("l3s-gn1")},
	{Name: "cc-select", About: "HTML where cc-select=\"true\" marks body, as WebMainBench's", shape: byFile, ends: pageEnds, parse: labelledPage("cc-select")},
	{Name: "nodes", About: "a folder of CSV files of text nodes: tag, content, label, depth", shape: byFile, ends: []string{".csv"}, parse: textNodes},
	{Name: "mozilla", About: "a folder of folders as Mozilla's Readability has them: expected.html, source.html", shape: byCase, parse: visiblePage},
}

func formatNamed(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}
