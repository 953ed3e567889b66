package report

import (
	"math"
	"strconv"

	"annotate/internal/corpus"
)

// dash is how what does not exist is shown.
const dash = "–"

// show is a figure with four places.
func show(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func invalidf(format string, args ...any) error { return corpus.Invalidf("", format, args...) }

func parseBound(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err == nil && !(v >= 0 && v <= 1) {
		err = strconv.ErrRange
	}
	return v, err
}
