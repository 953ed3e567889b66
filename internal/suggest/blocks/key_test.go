package blocks

import "testing"

func TestTheKeyOfATextForgetsWhatChangesFromPageToPage(t *testing.T) {
	for _, c := range []struct{ text, key string }{
		{"34 Comments", "0 comments"},
		{"Monday, 5 May 2014, 10:32", "monday, 0 may 0, 0:0"},
		{"  Read\u00a0 more\t", "read more"},
		{"ＦＵＬＬ width", "full width"},
		{"Cafe\u0301", "café"},
		{"1 / 4", "1 / 4"}, // a number alone is not any other
		{"12:30", "12:30"},
		{"STRASSE", "strasse"},
		{"a\u200bb", "ab"},
		{"٣٤ تعليق", "0 تعليق"},
		{"", ""},
		{"\u200b \u00ad", ""},
	} {
		if got := Key(c.text); got != c.key {
			t.Errorf("%q has the key %q, want %q", c.text, got, c.key)
		}
	}
}
