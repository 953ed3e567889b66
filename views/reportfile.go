package views

import (
	"annotate/assets"
	"annotate/internal/report"
)

// fileStyles are the sheets that a report's file carries with it.
var fileStyles = func() string {
	var out []byte
	for _, name := range []string{"css/theme.css", "css/pages.css", "css/report.css"} {
		b, err := assets.FS.ReadFile(name)
		if err != nil {
			panic(err) // the sheets are embedded, so only a wrong name here can do this
		}
		out = append(out, b...)
	}
	return "<style>\n" + string(out) + "</style>"
}()

// fileViews are the runs of a report, each looked at closely.
func fileViews(r report.Report) []ReportView {
	out := make([]ReportView, len(r.Runs))
	for k := range r.Runs {
		out[k] = ReportView{Report: r, Focus: k}
		if out[k].compared() {
			out[k].Versus = r.Versus(k)
		}
	}
	return out
}
