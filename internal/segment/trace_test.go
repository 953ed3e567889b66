package segment_test

import (
	"strings"
	"testing"

	"annotate/internal/segment"
)

func TestTraceNamesTheTextsOfEachBlock(t *testing.T) {
	for _, source := range []string{
		"<p>One <b>bold</b> word<p>two",
		"<div>before<aside>in</aside>behind</div><p hidden>dark</p>",
		"<p>shown <span hidden>dark</span> and on</p>&nbsp;<p>&nbsp;a&nbsp;</p>",
		"<pre>\n a\nb</pre><br><br>c<br>d<textarea>e</textarea>",
		"",
	} {
		want, blocks, _, segmenter, _ := segment.HTML(source)
		text, root, nodes, ok := segment.Trace(source, segmenter)
		if !ok || !segment.FromTree(segmenter) || text != want || root == nil || len(nodes) != len(blocks) {
			t.Errorf("%q: %q with %d of %d blocks", source, text, len(nodes), len(blocks))
			continue
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		for i, b := range blocks {
			said := ""
			for _, n := range nodes[i] {
				said += n.Data
			}
			if got := string([]rune(text)[b.Start:b.End]); squeeze(said) != squeeze(got) {
				t.Errorf("%q: block %q is made of %q", source, got, said)
			}
		}
	}

	if _, _, _, ok := segment.Trace(strings.Repeat("<div>", 600)+"deep", "html-v2"); ok {
		t.Error("a page that is nested too deeply has a tree")
	}
}
