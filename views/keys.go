package views

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"annotate/assets"
	"annotate/internal/corpus"
)

// Action is something that a key of the labelling screen does, or of another
// screen. The list is assets/js/keys.json; the screens, their help and the
// checks here all read it.
type Action struct {
	Screen string   `json:"screen,omitempty"` // "review"; "" for the labelling screen
	Name   string   `json:"action"`
	Key    string   `json:"key"`             // as shown and matched: "b", "Space", "Shift+ArrowDown"
	Also   []string `json:"also,omitempty"`  // more keys for it, not to be changed
	Group  string   `json:"group"`           // heading in the help
	In     string   `json:"in,omitempty"`    // "words": only among a block's words
	Words  string   `json:"words"`           // what it does, "next block"
	Fixed  bool     `json:"fixed,omitempty"` // the key cannot be changed
}

var actions, reviewActions = actionsOf(""), actionsOf("review")

// actionsOf are the actions of a screen. It panics on a broken list, which only a change of the program can
// bring.
func actionsOf(screen string) []Action {
	file, err := assets.FS.ReadFile("js/keys.json")
	if err != nil {
		panic(err)
	}
	var list []Action
	if err := json.Unmarshal(file, &list); err != nil {
		panic(err)
	}

	return slices.DeleteFunc(list, func(a Action) bool { return a.Screen != screen })
}

// Actions are those of the labelling screen in the order of the help.
func Actions() []Action { return slices.Clone(actions) }

// ReservedKeys are the characters that a label's key may not be, each with
// what it does: what corpus.LabelSet.Check asks for.
func ReservedKeys() map[string]string {
	out := map[string]string{" ": "accept the suggestion here and go on"}
	for _, a := range actions {
		for _, key := range append([]string{a.Key}, a.Also...) {
			if utf8.RuneCountInString(key) == 1 {
				out[key] = a.Words
			}
		}
	}

	return out
}

// CheckKeys says what is wrong with a person's own keys (action → key): an
// action that is not there or keeps its key, a key that is none, or one key
// for two actions. An empty map is right.
func CheckKeys(own map[string]string) error {
	for name := range own {
		i := slices.IndexFunc(actions, func(a Action) bool { return a.Name == name })
		if i < 0 {
			return corpus.Invalidf("keys", "there is no action %q", name)
		}
		if actions[i].Fixed {
			return corpus.Invalidf("keys", "the key for “%s” cannot be changed", actions[i].Words)
		}
	}

	taken := map[string]string{}
	for _, a := range actions {
		keys := slices.Clone(a.Also)
		if key, ok := own[a.Name]; ok {
			keys = append(keys, key)
		} else {
			keys = append(keys, a.Key)
		}
		for _, key := range keys {
			if !isKey(key) {
				return corpus.Invalidf("keys", "%q is no key", key)
			}
			if other, twice := taken[key]; twice {
				return corpus.Invalidf("keys", "the key %s stands for two actions: %s, and %s", key, other, a.Words)
			}
			taken[key] = a.Words
		}
	}

	return nil
}

// isKey reports whether key may stand in a key list: one visible character or
// the name of a key, after the modifiers that count.
func isKey(key string) bool {
	name := strings.TrimPrefix(strings.TrimPrefix(key, "Alt+"), "Shift+")
	if utf8.RuneCountInString(name) == 1 {
		return strings.TrimSpace(name) != ""
	}

	return len(name) >= 2 && len(name) <= 20 && strings.IndexFunc(name, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) < 0
}
