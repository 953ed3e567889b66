package score

import (
	"regexp"
	"slices"
	"strings"

	"annotate/internal/text"
)

// Kind is what sort of mistake a wrong word belongs to. It is told from where
// the word stands and what stands around it, or from the reason that gold
// gives.
type Kind uint8

// The kinds: what leaked first, then what was lost.
const (
	RelatedLeaked    Kind = iota // the list of other headlines behind the body, and "read also" within it
	NavigationLeaked             // what stands before the body
	AdvertisementLeaked
	CaptionLeaked
	BylineLeaked
	CommentsLeaked
	LegalLeaked
	SubscriptionLeaked
	ShareLeaked
	OtherLeaked
	WholeLost  // nothing of the body is there
	StartLost  // the body begins too late
	EndLost    // it ends too early
	BylineLost // a short line with a name or a date
	CaptionLost
	InsideLost // a hole in it
	kinds
)

// Kinds counts wrong words by their kind.
type Kinds [kinds]int

// Add is the sum of both.
func (k Kinds) Add(o Kinds) Kinds {
	for i, n := range o {
		k[i] += n
	}
	return k
}

var kindNames = [kinds][2]string{
	RelatedLeaked:       {"related-leaked", "Related headlines leaked"},
	NavigationLeaked:    {"navigation-leaked", "Leading navigation leaked"},
	AdvertisementLeaked: {"advertisement-leaked", "Advertisement leaked"},
	CaptionLeaked:       {"caption-leaked", "Caption leaked"},
	BylineLeaked:        {"byline-leaked", "Byline or date leaked"},
	CommentsLeaked:      {"comments-leaked", "Reader comments leaked"},
	LegalLeaked:         {"legal-leaked", "Cookie or legal notice leaked"},
	SubscriptionLeaked:  {"subscription-leaked", "Subscription leaked"},
	ShareLeaked:         {"share-leaked", "Share buttons leaked"},
	OtherLeaked:         {"other-leaked", "Other boilerplate leaked"},
	WholeLost:           {"whole-lost", "Whole body missed"},
	StartLost:           {"start-lost", "Start of the body lost"},
	EndLost:             {"end-lost", "End of the body lost"},
	BylineLost:          {"byline-lost", "Byline or date lost"},
	CaptionLost:         {"caption-lost", "Caption lost"},
	InsideLost:          {"inside-lost", "Inside of the body lost"},
}

// AllKinds lists the kinds in their order.
var AllKinds = func() []Kind {
	out := make([]Kind, kinds)
	for i := range out {
		out[i] = Kind(i)
	}
	return out
}()

// KindNamed is the kind of that name.
func KindNamed(name string) (Kind, bool) {
	i := slices.IndexFunc(kindNames[:], func(n [2]string) bool { return n[0] == name })

	return Kind(max(i, 0)), i >= 0
}

// Name is the kind in addresses and files, as "related-leaked".
func (k Kind) Name() string { return kindNames[k][0] }

// Title is the kind as people read it.
func (k Kind) Title() string { return kindNames[k][1] }

// Leaked reports whether it is boilerplate that was kept, and not body that was
// lost.
func (k Kind) Leaked() bool { return k < WholeLost }

// Mistake is a stretch of wrong words of one kind, with none right between
// them.
type Mistake struct {
	text.Range
	Kind  Kind
	Words int
}

// byReason is the kind of a leak by the reason that gold gives.
var byReason = map[string]Kind{
	"related": RelatedLeaked, "navigation": NavigationLeaked, "pagination": NavigationLeaked, "advertisement": AdvertisementLeaked, "caption": CaptionLeaked,
	"byline": BylineLeaked, "comment": CommentsLeaked, "legal": LegalLeaked, "subscription": SubscriptionLeaked, "share": ShareLeaked,
}

// sign is what gives a short block away. The hints are in lower case; a block
// with none of them is not looked at closer, which takes a twentieth of the
// time.
type sign struct {
	kind  Kind
	hints []string
	words *regexp.Regexp
}

// signs are in the languages that pages come in most, the surest first.
var signs = []sign{
	{LegalLeaked, []string{"cookie", "privacy", "terms", "rights", "©", "gdpr", "datenschutz", "impressum", "mentions l", "privacidad"},
		regexp.MustCompile(`(?i)\bcookies?\b|privacy (policy|notice|settings)|terms (of|and) (use|service|conditions)|all rights reserved|©|\bgdpr\b|datenschutz|impressum|mentions légales|política de privacidad`)},
	{SubscriptionLeaked, []string{"subscri", "newsletter", "sign up", "sign in", "log in", "free trial", "abonn", "suscr"},
		regexp.MustCompile(`(?i)\bsubscri(be|ption)|newsletter|sign up|sign in|log in|free trial|abonn(ieren|ez|ement)|suscr[ií]b`)},
	{CommentsLeaked, []string{"comment", "repl", "komment", "coment", "says:"},
		regexp.MustCompile(`(?i)^\W*(\d+ )?(comments?|reply|replies|kommentare?|commentaires?|comentarios?)\b|leave a (comment|reply)|\bsays:|post a comment`)},
	{ShareLeaked, []string{"share", "tweet", "facebook", "twitter", "whatsapp", "linkedin", "pinterest", "reddit", "teilen", "partager", "compartir"},
		regexp.MustCompile(`(?i)\b(share|tweet)\b.{0,24}$|share (this|on|via)|\b(facebook|twitter|whatsapp|linkedin|pinterest|reddit)\b|teilen|partager|compartir`)},
	{AdvertisementLeaked, []string{"advert", "sponsor", "anzeige", "publici", "ad by", "ads by", "paid"},
		regexp.MustCompile(`(?i)^\W*(advertisement|sponsored|anzeige|publicité|publicidad)\b|\bad(s)? by\b|paid content`)},
	{RelatedLeaked, []string{"read ", "see also", "also read", "more ", "related", "recommend", "like", "most ", "trending", "lesen", "lire", "lea "},
		regexp.MustCompile(`(?i)^\W*(read (also|more|next)|see also|also read|more (from|on|stories)|related|recommended|you may (also )?like|most (read|popular)|trending|lesen sie|lire aussi|lea también)`)},
	{CaptionLeaked, []string{"photo", "picture", "image", "foto", "getty", "(ap", "(afp", "(reuters", "(epa", "/ap", "/afp", "/reuters"},
		regexp.MustCompile(`(?i)\b(photo(graph)?|picture|image|photo credit|foto)\b ?(:|by|credit|courtesy)|getty images|\((ap|afp|reuters|epa)[ )/]|file photo|/(ap|afp|reuters)\b`)},
}

var byline = regexp.MustCompile(`(?i)^\W*(by|von|par|por|di)\s+\p{Lu}|^\W*(published|updated|posted|last modified|veröffentlicht|aktualisiert|publié|publicado)\b|\b(19|20)\d\d\b.{0,20}$|\b\d{1,2}:\d{2}\b`)

// shortWords is how many words a block may have for its signs to count: a
// paragraph about a newsletter is none.
const shortWords = 30

// bylineWords is how long a byline may be.
const bylineWords = 14

func signOf(block string, words int) (Kind, bool) {
	if words > shortWords {
		return 0, false
	}
	lower := strings.ToLower(block)
	for _, s := range signs {
		if slices.ContainsFunc(s.hints, func(hint string) bool { return strings.Contains(lower, hint) }) && s.words.MatchString(block) {
			return s.kind, true
		}
	}
	if words <= bylineWords && byline.MatchString(strings.TrimSpace(block)) {
		return BylineLeaked, true
	}

	return 0, false
}

// Mistakes are all stretches of wrong words of the page, in reading order; none
// where the page is not known.
func (p *Pair) Mistakes() []Mistake {
	al := p.Alignment()
	if al == nil {
		return nil
	}
	m := mistaken{al: al, blocks: p.Gold.Blocks, index: text.NewIndex(p.Gold.Page), kind: make([]kindOf, len(p.Gold.Blocks))}
	m.survey()

	var out []Mistake
	open := false
	al.fates(p.Gold.Blocks, func(word, block int, f Fate) {
		if f != LostBody && f != LeakedBoilerplate {
			open = open && f == Unjudged
			return
		}
		k := m.of(word, block, f)
		w := al.Document[word]
		if n := len(out) - 1; open && out[n].Kind == k {
			out[n].End = w.End
			out[n].Words++
		} else {
			out = append(out, Mistake{w.Range, k, 1})
		}
		open = true
	})

	return out
}

// kindOf remembers the kind of a block's mistakes, once it is asked.
type kindOf struct {
	known bool
	sign  bool
	kind  Kind
}

// mistaken tells the kind of a wrong word.
type mistaken struct {
	al     *Alignment
	blocks []Block
	index  *text.Index
	kind   []kindOf
	words  []int // of each block

	firstBody, lastBody int // the blocks between which the body lies; −1 for none
	firstKept, lastKept int // the body's words between which something was kept; −1 for none
}

func (m *mistaken) survey() {
	m.words = make([]int, len(m.blocks))
	m.firstBody, m.lastBody, m.firstKept, m.lastKept = -1, -1, -1, -1
	m.al.fates(m.blocks, func(word, block int, f Fate) {
		if block >= 0 {
			m.words[block]++
		}
		if f == KeptBody {
			if m.firstKept < 0 {
				m.firstKept = word
			}
			m.lastKept = word
		}
		if f == KeptBody || f == LostBody {
			if m.firstBody < 0 {
				m.firstBody = block
			}
			m.lastBody = block
		}
	})
}

func (m *mistaken) of(word, block int, f Fate) Kind {
	k := m.signOf(block)
	if f == LeakedBoilerplate {
		reason, said := byReason[m.blocks[block].Reason]
		switch {
		case said:
			return reason
		case k.sign:
			return k.kind
		case m.firstBody < 0:
			return OtherLeaked
		case block < m.firstBody:
			return NavigationLeaked
		case block > m.lastBody:
			return RelatedLeaked
		}
		return OtherLeaked
	}

	switch {
	case m.firstKept < 0:
		return WholeLost
	case k.sign && k.kind == BylineLeaked:
		return BylineLost
	case k.sign && k.kind == CaptionLeaked:
		return CaptionLost
	case word < m.firstKept:
		return StartLost
	case word > m.lastKept:
		return EndLost
	}

	return InsideLost
}

func (m *mistaken) signOf(block int) kindOf {
	k := &m.kind[block]
	if !k.known {
		k.known = true
		k.kind, k.sign = signOf(m.index.Slice(m.blocks[block].Range), m.words[block])
	}

	return *k
}

func countKinds(mistakes []Mistake) Kinds {
	var k Kinds
	for _, m := range mistakes {
		k[m.Kind] += m.Words
	}

	return k
}
