package export

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// spacyID is the number that stands for a string in spaCy: that of its symbol
// where it is the name of one, 0 for the empty string, else its hash. It is so
// for every string: a word "LAW" in a text has the number of the symbol too.
func spacyID(s string) uint64 {
	if s == "" {
		return 0
	}
	if id, ok := spacySymbols[s]; ok {
		return id
	}
	return murmur64A(s, 1)
}

// murmur64A is Austin Appleby's MurmurHash2 with 64 bits, variant A.
func murmur64A(s string, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	b := []byte(s)
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(b) > 0 {
		var tail [8]byte
		copy(tail[:], b)
		h = (h ^ binary.LittleEndian.Uint64(tail[:])) * m
	}
	h = (h ^ h>>r) * m

	return h ^ h>>r
}

// spacySymbols are the names that spaCy 3 numbers by a fixed list. What it
// calls FLAG19 to FLAG63 and DEPRECATED001 to DEPRECATED276 stands between
// those written here.
var spacySymbols = func() map[string]uint64 {
	ids := map[string]uint64{}
	add := func(names ...string) {
		for _, name := range names {
			ids[name] = uint64(len(ids) + 1)
		}
	}
	add(strings.Fields(spacyFirst)...)
	for i := 19; i <= 63; i++ {
		add(fmt.Sprintf("FLAG%d", i))
	}
	add(strings.Fields(spacySecond)...)
	for i := 1; i <= 276; i++ {
		add(fmt.Sprintf("DEPRECATED%03d", i))
	}
	add(strings.Fields(spacyThird)...)

	return ids
}()

const (
	spacyFirst = `IS_ALPHA IS_ASCII IS_DIGIT IS_LOWER IS_PUNCT IS_SPACE IS_TITLE IS_UPPER LIKE_URL LIKE_NUM
LIKE_EMAIL IS_STOP IS_OOV_DEPRECATED IS_BRACKET IS_QUOTE IS_LEFT_PUNCT IS_RIGHT_PUNCT
IS_CURRENCY`
	spacySecond = `ID ORTH LOWER NORM SHAPE PREFIX SUFFIX LENGTH CLUSTER LEMMA POS TAG DEP ENT_IOB ENT_TYPE HEAD
SENT_START SPACY PROB LANG ADJ ADP ADV AUX CONJ CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT
SCONJ SYM VERB X EOL SPACE`
	spacyThird = `PERSON NORP FACILITY ORG GPE LOC PRODUCT EVENT WORK_OF_ART LANGUAGE LAW DATE TIME PERCENT MONEY
QUANTITY ORDINAL CARDINAL acomp advcl advmod agent amod appos attr aux auxpass cc ccomp complm
conj cop csubj csubjpass dep det dobj expl hmod hyph infmod intj iobj mark meta neg nmod nn
npadvmod nsubj nsubjpass num number oprd obj obl parataxis partmod pcomp pobj poss possessive
preconj prep prt punct quantmod relcl rcmod root xcomp acl ENT_KB_ID MORPH ENT_ID IDX _`
)
