package ingest

import (
	"html"
	"regexp"

	"annotate/internal/score/files"
)

// cleanEvalText is how a gold text of CleanEval begins, or what it has in it.
var cleanEvalText = regexp.MustCompile(`(?i)\A\s*URL: *\S|(?:^|\n)[ \t]*<[hpl]>`)

// cleanEval reads a page with the gold text beside it. Character entities,
// which stay in the gold as it was made, are read as the characters they are.
func cleanEval(p Page) (task, error) {
	body, address := files.CleanEval(p.beside)
	body = html.UnescapeString(body)
	t := task{looked: true, body: &body}
	t.URL = address

	return t, nil
}
