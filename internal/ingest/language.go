package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// tag puts a declared language into the form of BCP 47. What is no language is
// dropped: "" means unknown.
func tag(declared string) string {
	declared = strings.TrimSpace(declared)
	if declared == "" || len(declared) > 35 {
		return ""
	}
	if len(declared) == 2 && 'a' <= declared[0] && declared[0] <= 'z' && 'a' <= declared[1] && declared[1] <= 'z' {
		return declared
	}
	t, err := language.Parse(declared)
	if err != nil || t == language.Und {
		return ""
	}

	return t.String()
}

// guess names the language of a text where a sample leaves no doubt, else "".
// Scripts that one language has to itself decide at once, a few letters tell
// apart the languages that share Cyrillic or Arabic, and for Latin the most
// frequent small words are counted. A trigram detector was measured at 100 µs
// for as little as 100 bytes; this takes a few, on ten times as much.
func guess(t string) string {
	sample := telling(t)

	var scripts [nScripts]int
	letters := 0
	for _, r := range sample {
		if r < utf8.RuneSelf {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				letters++
				scripts[latin]++
			}
			continue
		}
		if s := script(r); s != none {
			letters++
			scripts[s]++
		}
	}
	if letters < 40 {
		return ""
	}

	best := none
	for s := range scripts {
		if scripts[s] > scripts[best] {
			best = s
		}
	}
	switch {
	case scripts[kana]*10 > letters: // Japanese is kana among Han, or the other way about
		return "ja"
	case scripts[best]*10 < letters*7:
		return ""
	}
	switch best {
	case latin:
		return byWords(sample)
	case cyrillic:
		return byLetters(sample, cyrillicLetters, "ru")
	case arabic:
		return byLetters(sample, arabicLetters, "ar")
	}

	return alone[best]
}

// telling is the part of a text to judge by: its longest lines, which are its
// sentences rather than its menus.
func telling(t string) string {
	var best [3]string // the longest last
	for rest := t; rest != ""; {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		if len(l) <= len(best[0]) {
			continue
		}
		best[0] = l
		for i := 1; i < len(best) && len(best[i-1]) > len(best[i]); i++ {
			best[i-1], best[i] = best[i], best[i-1]
		}
	}
	if n := len(best[0]) + len(best[1]) + len(best[2]); n < 400 {
		return middle(t, 1200)
	}
	for i := range best {
		best[i] = middle(best[i], 400)
	}

	return best[0] + "\n" + best[1] + "\n" + best[2]
}

// middle is a stretch of about n bytes that begins a quarter into the text,
// behind the menus with which pages begin.
func middle(t string, n int) string {
	if len(t) <= n {
		return t
	}
	from := min(len(t)/4, len(t)-n)
	for !utf8.RuneStart(t[from]) {
		from--
	}
	to := from + n
	for to < len(t) && !utf8.RuneStart(t[to]) {
		to++
	}

	return t[from:to]
}

const (
	none = iota
	latin
	cyrillic
	arabic
	han
	kana
	hangul
	greek
	hebrew
	thai
	devanagari
	bengali
	tamil
	georgian
	armenian
	nScripts
)

// alone is the language that most text in a script is in. Devanagari and
// Bengali are shared by several languages, so they decide nothing.
var alone = map[int]string{han: "zh", hangul: "ko", greek: "el", hebrew: "he", thai: "th", tamil: "ta", georgian: "ka", armenian: "hy"}

func script(r rune) int {
	switch {
	case r < 0x250:
		if r >= 0xc0 && r != 0xd7 && r != 0xf7 {
			return latin
		}
		return none
	case r >= 0x370 && r < 0x400:
		return greek
	case r >= 0x400 && r < 0x530:
		return cyrillic
	case r >= 0x530 && r < 0x590:
		return armenian
	case r >= 0x5d0 && r < 0x600:
		return hebrew
	case r >= 0x620 && r < 0x700:
		return arabic
	case r >= 0x900 && r < 0x980:
		return devanagari
	case r >= 0x980 && r < 0xa00:
		return bengali
	case r >= 0xb80 && r < 0xc00:
		return tamil
	case r >= 0xe00 && r < 0xe80:
		return thai
	case r >= 0x10a0 && r < 0x1100:
		return georgian
	case r >= 0x1e00 && r < 0x1f00:
		return latin
	case r >= 0x1f00 && r < 0x2000:
		return greek
	case r >= 0x3040 && r < 0x3100:
		return kana
	case r >= 0x3400 && r < 0xa000:
		return han
	case r >= 0xac00 && r < 0xd7b0:
		return hangul
	}
	return none
}

// Letters that one language uses and its neighbours in the script do not.
var (
	cyrillicLetters = map[rune]string{'і': "uk", 'ї': "uk", 'є': "uk", 'ґ': "uk", 'ў': "be", 'ј': "sr", 'љ': "sr", 'њ': "sr", 'ђ': "sr", 'ћ': "sr",
		'ѓ': "mk", 'ќ': "mk", 'ѕ': "mk", 'ы': "ru", 'э': "ru", 'ё': "ru", 'қ': "kk", 'ғ': "kk", 'ң': "kk", 'ө': "mn", 'ү': "mn"}
	arabicLetters = map[rune]string{'پ': "fa", 'چ': "fa", 'ژ': "fa", 'گ': "fa", 'ک': "fa", 'ی': "fa",
		'ے': "ur", 'ٹ': "ur", 'ڈ': "ur", 'ں': "ur", 'ھ': "ur", 'ڑ': "ur", 'ي': "ar", 'ك': "ar", 'ة': "ar", 'ى': "ar"}
)

// byLetters decides by the tell-tale letters. Some languages share letters with
// a larger one and add their own: those win where theirs are frequent.
func byLetters(s string, tells map[rune]string, usual string) string {
	counts, all := map[string]int{}, 0
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		all++
		if l := tells[unicode.ToLower(r)]; l != "" {
			counts[l]++
		}
	}
	for _, l := range []string{"be", "mk", "kk", "mn", "ur"} { // theirs come on top of another's
		if counts[l]*100 > all {
			return l
		}
	}
	best, n := "", 0
	for l, c := range counts {
		if c > n || c == n && l < best {
			best, n = l, c
		}
	}
	switch {
	case n*100 > all:
		return best
	case usual == "ru": // Bulgarian has none of these letters, and neither has damaged Russian
		return ""
	}

	return usual
}

// small are frequent words of languages in Latin script, each list without
// most of what the neighbours share. Written so that each word costs one look-up.
var small = func() map[string]uint32 {
	m := map[string]uint32{}
	for i, l := range latinLanguages {
		for w := range strings.FieldsSeq(l.words) {
			m[w] |= 1 << i
		}
	}
	return m
}()

var latinLanguages = []struct{ code, words string }{
	{"en", "the and of to that is was for with it on this are by from have he his they been which not their has will but would were who more in a an at be as you we she or can if about when what than into after said says all its your also one out up new over just how some her him them there our"},
	{"de", "der die und das nicht ist von mit den dem sich auf für ein eine im zu auch als es wird hat werden bei sie nach wie aus aber einen oder"},
	{"fr", "le la les des et est une du dans qui que pour pas sur au par il plus avec sont cette ce elle aux ou mais ses été être ont nous"},
	{"es", "el la los las de que y en un una por con para es se del lo al como más pero sus su fue este ha son entre está también cuando sobre"},
	{"pt", "o a os as de que e em um uma do da dos das não com para é se na no por mais ao foi como mas são pelo ou seu sua também pela à já"},
	{"it", "il la di che e è un una per non sono del della con gli le dei nel alla si lo più come anche ha dal al ma questo delle nella degli"},
	{"nl", "de het een van en is dat op te voor met niet zijn die aan er ook als bij door maar om uit wordt werd heeft naar ze hij nog dan deze"},
	{"sv", "och att det som en är på av för med den till har inte ett om de var från men vi han eller kan ska efter också nu när sig hade"},
	{"da", "og at det som en er på af for med den til har ikke et om de var fra men vi han eller kan skal efter også nu når sig havde blev"},
	{"nb", "og at det som en er på av for med den til har ikke et om de var fra men vi han eller kan skal etter også nå når seg hadde ble"},
	{"fi", "ja on ei se että oli hän mutta kun ovat joka myös kuin ole tai sen mukaan vain niin hänen jo ne olla voi nyt mitä ollut sitä"},
	{"pl", "i w na z do nie się to że jest o jak po za od przez dla ale był co tym przy są tego ich oraz jego może być już tylko które"},
	{"cs", "a v na se je že to s z do o i k ve pro by jako které který ale od po jsou jsem už za není byl jeho když také být bude jen nebo"},
	{"ro", "și de în la a cu nu pe o un care din pentru este mai să că au fi sunt ce prin dar după sau fost lui această acest ale al"},
	{"hu", "a az és hogy nem egy is volt meg de ez el csak már ha vagy mint még sem után lehet aki majd lesz szerint pedig amely nagyon"},
	{"tr", "ve bir bu için ile de da olarak çok daha olan gibi kadar en ne var sonra değil her ise o mi ancak göre olduğu ama oldu tarafından"},
	{"id", "yang dan di dengan untuk pada ini dari tidak dalam akan itu adalah ke juga oleh telah bisa ada karena mereka saya lebih atau sudah"},
	{"vi", "và của là có không được cho trong một người với các những này để đã khi đến từ ông như về vào sẽ ra còn nhiều tại"},
}

// byWords needs a seventh of the words to be small words of one language, and a
// clear lead over the next.
func byWords(s string) string {
	var counts [32]int
	words := 0
	var buf [24]byte
	for i := 0; i < len(s); {
		n, long := 0, false
		for i < len(s) {
			c := s[i]
			if c < utf8.RuneSelf {
				if 'A' <= c && c <= 'Z' {
					c |= 0x20
				}
				if c < 'a' || c > 'z' {
					break
				}
			}
			if n < len(buf) {
				buf[n] = c
				n++
			} else {
				long = true
			}
			i++
		}
		if n == 0 {
			i++
			continue
		}
		words++
		if long || n > 12 {
			continue
		}
		for bits, at := small[string(buf[:n])], 0; bits != 0; bits, at = bits>>1, at+1 {
			if bits&1 != 0 {
				counts[at]++
			}
		}
	}

	best, next := 0, 0
	for i := 1; i < len(latinLanguages); i++ {
		if counts[i] > counts[best] {
			best = i
		}
	}
	for i := range latinLanguages {
		if i != best {
			next = max(next, counts[i])
		}
	}
	if words < 10 || counts[best]*100 < words*14 || counts[best]*100 < next*115 {
		return ""
	}

	return latinLanguages[best].code
}
