package files

import (
	"cmp"

	"github.com/go-json-experiment/json"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Line is a prediction as a line of the native format, with its end. Reading it
// gives the same prediction.
func Line(k Keys, c corpus.Cleaner, p score.Prediction) ([]byte, error) {
	type blockOut struct {
		Start int          `json:"start"`
		End   int          `json:"end"`
		Class corpus.Class `json:"class"`
	}
	type spanOut struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Label string `json:"label"`
	}
	out := struct {
		ID      string       `json:"id"`
		URL     string       `json:"url,omitzero"`
		SHA256  string       `json:"sha256,omitzero"`
		Cleaner string       `json:"cleaner,omitzero"`
		Version string       `json:"version,omitzero"`
		Config  string       `json:"config,omitzero"`
		Status  score.Status `json:"status"`
		Millis  int          `json:"ms,omitzero"`
		Error   string       `json:"error,omitzero"`
		Text    *string      `json:"text,omitzero"`
		Blocks  *[]blockOut  `json:"blocks,omitzero"`
		Spans   *[]spanOut   `json:"spans,omitzero"`
	}{ID: cmp.Or(k.ID, k.TextHash, k.URL), URL: k.URL, SHA256: k.TextHash, Cleaner: c.Name, Version: c.Version, Config: c.Config, Status: p.Status, Millis: p.Millis, Error: p.Detail}
	if p.Status == score.OK || p.Status == score.Empty {
		out.Text = &p.Text
	}
	if p.Blocks != nil {
		blocks := make([]blockOut, len(p.Blocks))
		for i, b := range p.Blocks {
			blocks[i] = blockOut{b.Start, b.End, b.Class}
		}
		out.Blocks = &blocks
	}
	if p.Labels {
		spans := make([]spanOut, len(p.Spans))
		for i, s := range p.Spans {
			spans[i] = spanOut{s.Start, s.End, s.Label}
		}
		out.Spans = &spans
	}
	b, err := json.Marshal(out)

	return append(b, '\n'), err
}
