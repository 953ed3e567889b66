package ingest_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"annotate/internal/ingest"
)

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func utf16be(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func encoded(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	b, err := e.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	german   = "Die Brücke über den Hafen bleibt für “Wochen” gesperrt – sagte Möller, während die Fähre täglich fährt.\n"
	russian  = "Мост через гавань закрыли во вторник, сообщили чиновники города. Паром ходит каждый день, но очередь длинная.\n"
	japan    = "港にかかる橋は火曜日に閉鎖されたと市の担当者が発表した。フェリーは毎日運航しているが、待ち時間は長い。\n"
	chinese  = "横跨港口的大桥于星期二关闭，市政府官员表示。渡轮每天运行，但是等候的时间很长，居民们需要提前出门。\n"
	tawain   = "橫跨港口的大橋於星期二關閉，市政府官員表示。渡輪每天運行，但是等候的時間很長，居民們需要提前出門。\n"
	koreaned = "항구를 가로지르는 다리가 화요일에 폐쇄되었다고 시 관계자가 발표했다. 배는 매일 운항하지만 대기 시간이 길다.\n"
)

func TestCharsets(t *testing.T) {
	for _, c := range []struct {
		name, file string
		raw        []byte
		want       string // the text
		charset    string
	}{
		{"windows-1252 without a word", "a.txt", encoded(t, charmap.Windows1252, strings.Repeat(german, 3)), strings.Repeat(german, 3), "windows-1252"},
		{"a short windows-1252 text", "a.txt", []byte("caf\xe9 \x93x\x94"), "café “x”", "windows-1252"},
		{"Shift-JIS", "a.txt", encoded(t, japanese.ShiftJIS, strings.Repeat(japan, 3)), strings.Repeat(japan, 3), "shift_jis"},
		{"EUC-JP", "a.txt", encoded(t, japanese.EUCJP, strings.Repeat(japan, 3)), strings.Repeat(japan, 3), "euc-jp"},
		{"ISO-2022-JP, which is all ASCII bytes", "a.txt", encoded(t, japanese.ISO2022JP, strings.Repeat(japan, 3)), strings.Repeat(japan, 3), "iso-2022-jp"},
		{"GB18030", "a.txt", encoded(t, simplifiedchinese.GB18030, strings.Repeat(chinese, 3)), strings.Repeat(chinese, 3), "gb18030"},
		{"Big5", "a.txt", encoded(t, traditionalchinese.Big5, strings.Repeat(tawain, 3)), strings.Repeat(tawain, 3), "big5"},
		{"EUC-KR", "a.txt", encoded(t, korean.EUCKR, strings.Repeat(koreaned, 3)), strings.Repeat(koreaned, 3), "euc-kr"},
		{"KOI8-R", "a.txt", encoded(t, charmap.KOI8R, strings.Repeat(russian, 3)), strings.Repeat(russian, 3), "koi8-r"},
		{"windows-1251", "a.txt", encoded(t, charmap.Windows1251, strings.Repeat(russian, 3)), strings.Repeat(russian, 3), "windows-1251"},
		{"UTF-16 little end first", "a.txt", utf16le("\ufeff" + russian + "😀"), russian + "😀", "utf-16le"},
		{"UTF-16 big end first", "a.txt", utf16be("\ufeff" + russian + "😀"), russian + "😀", "utf-16be"},
		{"UTF-16 without a mark", "a.txt", utf16le(german), german, "utf-16le"},
		{"UTF-8 with a mark", "a.txt", []byte("\ufeff" + german), german, "utf-8"},
		{"UTF-8 that declares something else", "a.html", []byte(`<meta charset="iso-8859-1"><p>` + german), strings.TrimSpace(german), "utf-8"},
		{"UTF-8 cut inside a character", "a.txt", []byte(strings.Repeat(german, 3) + "\xc3"), strings.Repeat(german, 3) + "\ufffd", "utf-8"},
		{"a declared charset", "a.html", append([]byte(`<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>`), encoded(t, charmap.KOI8R, "Мост")...), "Мост", "koi8-r"},
		{"a charset declared as XML does", "a.html", append([]byte(`<?xml version="1.0" encoding='Shift_JIS'?><p>`), encoded(t, japanese.ShiftJIS, "橋")...), "橋", "shift_jis"},
		{"a declaration of nonsense", "a.html", append([]byte(`<meta charset=nonsense><p>`), encoded(t, charmap.KOI8R, strings.Repeat(russian, 3))...), strings.TrimSpace(strings.ReplaceAll(strings.Repeat(russian, 3), "\n", " ")), "koi8-r"},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, problems := take(t, c.file, c.raw, ingest.Options{})
			if len(docs) != 1 {
				t.Fatal(problems)
			}
			if d := docs[0]; d.Text != c.want || d.Charset != c.charset || string(d.Source) != string(c.raw) {
				t.Errorf("%s: %q", d.Charset, d.Text)
			}
		})
	}

	table := encoded(t, charmap.Windows1252, "id;text\n1;"+strings.Repeat("Die Brücke ist für Fähren gesperrt. ", 9)+"\n")
	if docs, problems := take(t, "a.csv", table, ingest.Options{}); len(docs) != 1 || !strings.HasPrefix(docs[0].Text, "Die Brücke") {
		t.Error(docs, problems)
	}
	if docs, problems := take(t, "a.csv", utf16le("\ufefftext\tid\n"+russian[:20]+"\t1\n"), ingest.Options{}); len(docs) != 1 || docs[0].Text != russian[:20] {
		t.Error(docs, problems)
	}
}

func TestLanguageGuess(t *testing.T) {
	for want, given := range map[string]string{
		"de": german + "Die Polizei hat den Weg nach Norden gesperrt und bittet um Geduld, weil es noch dauern wird.",
		"ru": russian, "ja": japan, "zh": chinese, "ko": koreaned,
		"en": "The bridge over the harbour was closed on Tuesday, and it will stay so for weeks, officials said, which has made people angry with the mayor.",
		"fr": "Le pont qui passe sur le port est fermé depuis mardi, et il ne sera pas ouvert dans les semaines qui viennent, selon la mairie de la ville.",
		"es": "El puente sobre el puerto está cerrado desde el martes y no se abrirá en las próximas semanas, según los responsables de la ciudad.",
		"it": "Il ponte sul porto è chiuso da martedì e non sarà aperto nelle prossime settimane, hanno detto i responsabili della città che lo gestisce.",
		"nl": "De brug over de haven is sinds dinsdag dicht en dat blijft zo voor de komende weken, zei een woordvoerder van de stad aan het begin van de dag.",
		"uk": "Міст через гавань закрили у вівторок, повідомили посадовці міста. Пором ходить щодня, але черга дуже довга.",
		"fa": "پل بندر از روز سه‌شنبه بسته شده است و مقام‌های شهر می‌گویند که چند هفته بسته می‌ماند.",
		"ar": "أغلق الجسر فوق الميناء يوم الثلاثاء وقال مسؤولون في المدينة إنه سيبقى مغلقا لأسابيع.",
		"he": "הגשר מעל הנמל נסגר ביום שלישי ויישאר סגור במשך שבועות, אמרו גורמים בעירייה.",
		"":   "Lorem 12 34 xyz qwr tzu plk mnb vcx asd fgh jkl qay wsx edc rfv tgb zhn ujm",
	} {
		docs, problems := take(t, "a.txt", []byte(given), ingest.Options{})
		if len(problems) > 0 || docs[0].Language != want {
			t.Errorf("%q for %q (%v)", docs[0].Language, given, problems)
		}
	}
}
