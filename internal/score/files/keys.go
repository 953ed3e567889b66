package files

import (
	"cmp"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strings"

	"annotate/internal/score"
)

// Keys are the names a document goes by.
type Keys struct {
	ID, URL    string
	Name       string // of its file
	SourceHash string // SHA-256 of the page's bytes
	TextHash   string // SHA-256 of the document's text
}

// KeysOf are those of gold.
func KeysOf(g score.Gold) Keys {
	return Keys{g.ID, g.URL, fileName(g.Name, g.ID), hash(g.SourceHash), hash(g.TextHash)}
}

// fileName is a document's file. Where nobody named it, its id may be the name;
// not one with folders or an address, of which the last part says too little.
func fileName(name, id string) string {
	if name == "" && !strings.Contains(id, "/") {
		return id
	}
	return name
}

// hash is a SHA-256 in lower case, "" for what is none.
func hash(s string) string {
	if len(s) != 64 {
		return ""
	}
	if _, err := hex.DecodeString(s); err != nil {
		return ""
	}
	return strings.ToLower(s)
}

// loose is an address without what changes between two visits of a page: its
// scheme, www., a slash at its end, a fragment.
func loose(url string) string {
	url, _, _ = strings.Cut(strings.TrimSpace(url), "#")
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	host, rest, _ := strings.Cut(url, "/")
	host = strings.TrimPrefix(strings.ToLower(host), "www.")

	return host + "/" + strings.TrimRight(rest, "/")
}

// way is a kind of key, the surest first. An address in full is surer than one
// without its ends.
type way uint8

const (
	byID way = iota + 1
	byURL
	byLoose
	byPage
	byText
	byName // a name says little: every site has an index.html
	ways
)

var wayNames = [ways]string{byID: "id", byURL: "url", byLoose: "url", byPage: "page", byText: "text", byName: "file"}

// each gives the keys that are there, the surest first, until it is told to
// stop.
func (k Keys) each(yield func(way, string) bool) {
	for w, key := range [ways]string{byID: k.ID, byURL: k.URL, byPage: k.SourceHash, byText: k.TextHash, byName: stem(k.Name)} {
		switch w := way(w); {
		case w == byLoose && k.URL != "":
			key = loose(k.URL)
			fallthrough
		case key != "":
			if !yield(w, key) {
				return
			}
		}
	}
}

// seed makes the hashes of keys. They are kept instead of the keys, for their
// size; that two of a hundred million are alike by chance is one in a thousand.
var seed = maphash.MakeSeed()

// index finds records by the hash of a key.
type index []entry

type entry struct {
	hash uint64
	n    int32
}

func (x *index) add(key string, n int) {
	*x = append(*x, entry{maphash.String(seed, key), int32(n)})
}

// seal must be called after the last add and before the first find.
func (x *index) seal() {
	slices.SortFunc(*x, func(a, b entry) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.n, b.n)) })
	*x = slices.Clone(*x) // without room to grow
}

// all are the records with a key, in their order.
func (x index) all(key string) []entry {
	h := maphash.String(seed, key)
	from, ok := slices.BinarySearchFunc(x, h, func(e entry, h uint64) int { return cmp.Compare(e.hash, h) })
	if !ok {
		return nil
	}
	to := from
	for to < len(x) && x[to].hash == h {
		to++
	}

	return x[from:to]
}
