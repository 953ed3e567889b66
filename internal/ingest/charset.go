package ingest

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decode gives the text of raw in UTF-8 and the charset it was in. In this
// order: a byte order mark; UTF-16 without one, told by its zero bytes; bytes
// that are valid UTF-8 (of real pages one in ten declares or looks like
// something else and is UTF-8); the declaration, given from outside or made in
// the page; statistics; windows-1252. A declaration that the bytes contradict
// is passed over.
func decode(raw []byte, declared string, html bool) (s, charset string) {
	if e, name := byteOrder(raw); e != nil {
		return mustDecode(e, raw), name
	}
	if declared == "" && html {
		declared = declaration(raw)
	}
	escapes := bytes.IndexByte(raw, 0x1b) >= 0 // ISO-2022 writes Japanese in ASCII bytes
	if utf8.Valid(raw) && !escapes {
		return string(raw), "utf-8"
	}

	if s, name, ok := decodeAs(raw, declared); ok {
		return s, name
	}
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte("\x1b$")) && !bytes.Contains(raw, []byte("\x1b(")) {
		return string(raw), "utf-8"
	}
	if nearly(raw) {
		return strings.ToValidUTF8(string(raw), "\ufffd"), "utf-8"
	}
	for _, name := range guesses(raw, html) {
		if s, name, ok := decodeAs(raw, name); ok {
			return s, name
		}
	}

	return mustDecode(charmap.Windows1252, raw), "windows-1252"
}

// byteOrder is the encoding that a byte order mark names, or that zero bytes
// at every second place give away; nil where there is neither.
func byteOrder(raw []byte) (encoding.Encoding, string) {
	little, big := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) && utf8.Valid(raw):
		return encoding.Nop, "utf-8"
	case bytes.HasPrefix(raw, []byte("\xff\xfe\x00\x00")):
		return nil, ""
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return little, "utf-16le"
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return big, "utf-16be"
	}

	head := raw[:min(len(raw), 1024)]
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(head) / 2; {
	case half < 4:
	case zeros[1] > half*6/10 && zeros[0] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le"
	case zeros[0] > half*6/10 && zeros[1] == 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"
	}

	return nil, ""
}

// metaCharset finds a declaration in a page or in an XML prologue.
var metaCharset = regexp.MustCompile(`(?i)<(?:meta\b[^>]{0,300}?\bcharset|\?xml\b[^>]{0,100}?\bencoding)\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})`)

func declaration(raw []byte) string {
	if m := metaCharset.FindSubmatch(raw[:min(len(raw), 4096)]); m != nil {
		return string(m[1])
	}
	return ""
}

// decodeAs decodes raw from the charset of that name. It is false for an
// unknown name, and where a byte of raw has no meaning in it.
func decodeAs(raw []byte, name string) (s, canonical string, ok bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "gb-18030" { // the detector's spelling
		name = "gb18030"
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return "", "", false
	}
	canonical, err = htmlindex.Name(e)
	if err != nil || canonical == "utf-8" || strings.HasPrefix(canonical, "utf-16") || canonical == "replacement" {
		return "", "", false // looked at before
	}
	b, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		return "", "", false
	}
	// Of a long text a byte or two may be damaged.
	if bad := bytes.Count(b, []byte("\ufffd")); bad > len(b)/2000 {
		return "", "", false
	}

	return string(b), canonical, true
}

// guesses are the charsets that statistics find likely, the best first.
func guesses(raw []byte, html bool) []string {
	first := bytes.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf || r == 0x1b })
	sample := raw[max(0, first-512):]
	sample = sample[:min(len(sample), 16<<10)]

	d := chardet.NewTextDetector()
	if html {
		d = chardet.NewHtmlDetector()
	}
	found, err := d.DetectAll(sample)
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range found {
		if f.Confidence < 10 {
			break
		}
		names = append(names, f.Charset)
	}

	return names
}

// nearly reports whether raw is UTF-8 with a little damage, such as a text cut
// inside a character: many good sequences to each bad one.
func nearly(raw []byte) bool {
	good, bad := 0, 0
	for b := raw; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && size == 1:
			bad++
		case size > 1:
			good++
		}
		b = b[size:]
	}

	return good > 10*bad
}

func mustDecode(e encoding.Encoding, raw []byte) string {
	b, err := e.NewDecoder().Bytes(raw)
	if err != nil { // these decoders replace what they cannot read
		return strings.ToValidUTF8(string(raw), "\ufffd")
	}
	return string(b)
}

// signatures are how files begin that hold no text of their own.
var signatures = []struct{ magic, what string }{
	{"%PDF-", "a PDF file"},
	{"\x89PNG\r\n", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF87a", "a GIF image"},
	{"GIF89a", "a GIF image"},
	{"RIFF", "a sound, film or WebP image"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"},
	{"{\\rtf", "an RTF document"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
	{"Rar!\x1a\x07", "a RAR archive"},
	{"BZh", "a bzip2 file"},
	{"\xfd7zXZ\x00", "an xz file"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"\x7fELF", "a program"},
	{"MZ\x90\x00", "a program"},
	{"OggS", "a sound or film"},
	{"ID3\x03", "a sound"},
	{"ID3\x04", "a sound"},
	{"wOFF", "a font"},
	{"wOF2", "a font"},
	{"PAR1", "a Parquet file"},
}

// binaryFile says what raw is where it is no text, "" where it may be one. A text
// may hold a few zero bytes; they are kept.
func binaryFile(raw []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(raw, []byte(s.magic)) && (len(s.magic) > 4 || binaryBytes(raw)) {
			return s.what
		}
	}
	if len(raw) > 12 && string(raw[4:8]) == "ftyp" {
		return "a film"
	}
	if e, _ := byteOrder(raw); e == nil && binaryBytes(raw) {
		return "a binary file"
	}

	return ""
}

func binaryBytes(raw []byte) bool {
	head := raw[:min(len(raw), 8<<10)]
	n := 0
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != 0x1b {
			n++
		}
	}
	return n >= 4 && n*50 > len(head)
}

func notText(what string) string {
	return fmt.Sprintf("this is %s, not text; convert it to text or HTML first", what)
}
