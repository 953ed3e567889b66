package handlers

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	mdtext "github.com/yuin/goldmark/text"
	mdutil "github.com/yuin/goldmark/util"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/views"
)

// Guidelines are written by managers and read by annotators, so what they may
// hold is decided twice: goldmark leaves raw HTML out, and bluemonday lets
// only harmless elements pass.
var (
	markdown  = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithASTTransformers(mdutil.Prioritized(imagesAsLinks{}, 100))))
	sanitiser = bluemonday.UGCPolicy()
)

// imagesAsLinks makes a link of each image: an image from another host would
// tell that host who reads, and the policy of our pages would not show it.
type imagesAsLinks struct{}

func (imagesAsLinks) Transform(doc *ast.Document, _ mdtext.Reader, _ parser.Context) {
	var images []*ast.Image
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if image, ok := n.(*ast.Image); ok && entering {
			images = append(images, image)
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images {
		link := ast.NewLink()
		link.Destination, link.Title = image.Destination, image.Title
		for child := image.FirstChild(); child != nil; child = image.FirstChild() {
			link.AppendChild(link, child)
		}
		if !link.HasChildren() {
			link.AppendChild(link, ast.NewString(image.Destination))
		}
		image.Parent().ReplaceChild(image.Parent(), image, link)
	}
}

// guidelinesHTML is Markdown as harmless HTML, "" for white space.
func guidelinesHTML(source string) (string, error) {
	if strings.TrimSpace(source) == "" {
		return "", nil
	}
	var b bytes.Buffer
	if err := markdown.Convert([]byte(source), &b); err != nil {
		return "", err
	}

	return sanitiser.Sanitize(b.String()), nil
}

// guidelines is what annotators read; a script gets the text alone.
func (h *handlers) guidelines(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	html, err := guidelinesHTML(p.Guidelines)
	if err != nil {
		return err
	}

	page := views.Guidelines{Project: p, HTML: html}
	if c.Request().Header.Get("HX-Request") != "" {
		return render(c, http.StatusOK, views.GuidelinesPart(page))
	}
	page.Page = h.page(c, "Guidelines", &p, views.GuidelinesTab)
	return render(c, http.StatusOK, views.GuidelinesPage(page))
}

var orders = []views.Choice{
	{Name: string(corpus.AsImported), Title: "As imported", About: "The first document that came is the first to be labelled."},
	{Name: string(corpus.RandomOrder), Title: "Random", About: "Mixed, and the same for everybody: what is labelled first is a fair sample of all."},
	{Name: string(corpus.MostDoubt), Title: "Most doubtful first", About: "What the model, the runs of cleaners and pages of the same site leave most in doubt comes first. Each further document of a site counts half, a third, a quarter …, so that sites take turns. Some are drawn by lot instead, and reports say which. Where nothing is known yet, it is random."},
}

var rules = []views.Choice{
	{Name: string(corpus.AllAgree), Title: "Everybody said the same", About: "Every difference goes to an adjudicator."},
	{Name: string(corpus.Majority), Title: "More than half said the same", About: "Of three people or more; a difference without a majority goes to an adjudicator."},
	{Name: string(corpus.AdjudicateAll), Title: "Never", About: "An adjudicator confirms every document."},
}

// number is a field of the form that holds a whole number of the settings.
type number struct {
	views.Number
	of func(*corpus.Settings) *int
}

var numbers = []number{
	{views.Number{Name: "overlap", Title: "People for a document", Min: 1, Max: corpus.MaxOverlap, About: "How many label the same document, each without seeing the others' work."},
		func(s *corpus.Settings) *int { return &s.Overlap }},
	{views.Number{Name: "overlap-share", Title: "Share of documents", Unit: "%", Min: 1, Max: 100, About: "So many of a hundred get that many people, chosen by chance; one person labels each of the others."},
		func(s *corpus.Settings) *int { return &s.OverlapShare }},
	{views.Number{Name: "random-share", Title: "Drawn by lot", Unit: "%", Min: 1, Max: 100, About: "Where the most doubtful come first: so many of a hundred documents handed out are drawn at random instead. They alone are a fair sample, by which reports can say how well a cleaner does on the whole."},
		func(s *corpus.Settings) *int { return &s.RandomShare }},
	{views.Number{Name: "share-cap", Title: "One person's share", Unit: "%", Max: 100, About: "Nobody gets more of the documents than this; 0 is no bound."},
		func(s *corpus.Settings) *int { return &s.ShareCap }},
	{views.Number{Name: "check-share", Title: "Hidden checks", Unit: "%", Max: 50, About: "So many of a hundred documents handed out have gold already, which the person does not see; 0 is none."},
		func(s *corpus.Settings) *int { return &s.CheckShare }},
	{views.Number{Name: "pass-mark", Title: "Pass mark of the practice round", Unit: "%", Max: 100, About: "So many per cent of the words must be right before real work; 0 is no practice round."},
		func(s *corpus.Settings) *int { return &s.PassMark }},
	{views.Number{Name: "suggest-share", Title: "Documents with suggestions", Unit: "%", Min: 1, Max: 100, About: "On the others nothing is suggested, so that it can be measured what suggestions save and whether they mislead."},
		func(s *corpus.Settings) *int { return &s.SuggestShare }},
}

func cuttings() []views.Choice {
	var out []views.Choice
	for _, r := range segment.Rules {
		out = append(out, views.Choice{Name: r.Name, Title: r.Title, About: r.About})
	}

	return out
}

// settings is the form for everything about a project, as it is stored.
func (h *handlers) settings(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}

	return h.showSettings(c, http.StatusOK, p, newSettings(p))
}

func newSettings(p corpus.Project) views.Settings {
	s := views.Settings{Name: p.Name, Guidelines: p.Guidelines, Cutting: p.Cutting, Order: string(p.Order), Rule: string(p.Rule), VotesHidden: p.VotesHidden, Suggest: !p.NoSuggestions}
	for _, n := range numbers {
		n.Value = strconv.Itoa(*n.of(&p.Settings))
		s.Numbers = append(s.Numbers, n.Number)
	}
	for _, l := range p.Labels {
		s.Labels = append(s.Labels, views.LabelRow{Label: l})
	}

	return s
}

func (h *handlers) showSettings(c echo.Context, status int, p corpus.Project, s views.Settings) (err error) {
	if s.Preview, err = guidelinesHTML(s.Guidelines); err != nil {
		return err
	}
	s.Page = h.page(c, "Settings", &p, views.SettingsTab)
	s.Project = p
	s.Cuttings, s.Orders, s.Rules = cuttings(), orders, rules

	return render(c, status, views.SettingsPage(s))
}

// setSettings does what the pressed button says: most of them change only the
// form, which comes back with everything that was typed; "save" stores it.
func (h *handlers) setSettings(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "the form cannot be read").SetInternal(err)
	}
	s, err := readSettings(form, p)
	if err != nil {
		return err
	}

	do := form.Get("do")
	if do != "save" {
		s.Labels = edited(s.Labels, do)
		s.Unsaved = true
		return h.showSettings(c, http.StatusOK, p, s)
	}
	next, s := settled(p, s)
	if len(s.Errors) == 0 && !anyWrong(s.Labels) {
		err = h.store.SetProject(c.Request().Context(), next, annotator(c).ID)
		s.Errors, _ = formErrors(err, views.SettingsFields...)
		if err != nil && s.Errors == nil {
			return err
		}
	}
	if len(s.Errors) > 0 || anyWrong(s.Labels) {
		s.Unsaved = true
		return h.showSettings(c, http.StatusUnprocessableEntity, p, s)
	}

	h.leave(c, note{Kind: settingsSaved})
	return c.Redirect(http.StatusSeeOther, views.SettingsPath(p.ID))
}

// readSettings reads the form. The rows of the label editor come as parallel
// lists; ones of different lengths are no form of ours. How people label
// together stays as it is where the form, from an older page, does not say it.
func readSettings(form url.Values, p corpus.Project) (views.Settings, error) {
	s := views.Settings{Name: form.Get("name"), Cutting: form.Get("cutting"), Order: form.Get("order"), Rule: form.Get("rule"), VotesHidden: form.Get("votes-hidden") != "", Suggest: form.Get("suggest") != "",
		// A browser sends CRLF for every line end of a text area.
		Guidelines: strings.ReplaceAll(form.Get("guidelines"), "\r\n", "\n")}

	for _, n := range numbers {
		if n.Value = strings.TrimSpace(form.Get(n.Name)); !form.Has(n.Name) {
			n.Value = strconv.Itoa(*n.of(&p.Settings))
		}
		s.Numbers = append(s.Numbers, n.Number)
	}
	if !form.Has("rule") {
		s.Rule, s.VotesHidden = string(p.Rule), p.VotesHidden
	}
	if !form.Has("suggest-share") {
		s.Suggest = !p.NoSuggestions
	}

	ids, names, titles, colours, keys := form["label"], form["label-name"], form["label-title"], form["label-colour"], form["label-key"]
	for i, id := range ids {
		if i >= len(names) || i >= len(titles) || i >= len(colours) || i >= len(keys) {
			return s, echo.NewHTTPError(http.StatusBadRequest, "the form lacks a part of a label")
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n < 0 {
			return s, echo.NewHTTPError(http.StatusBadRequest, "the form names a label that cannot be")
		}
		s.Labels = append(s.Labels, views.LabelRow{Label: corpus.Label{
			ID: corpus.LabelID(n), Name: strings.TrimSpace(names[i]), Title: strings.TrimSpace(titles[i]), Colour: colours[i], Key: strings.TrimSpace(keys[i]),
			Retired: slices.Contains(form["label-retired"], strconv.Itoa(i)),
		}})
	}

	return s, nil
}

// edited is the label editor after one of its buttons; any other name of a
// button, and a row that is not there, change nothing.
func edited(rows []views.LabelRow, do string) []views.LabelRow {
	what, which, _ := strings.Cut(do, ":")
	i, err := strconv.Atoi(which)
	here := err == nil && i >= 0 && i < len(rows)
	switch {
	case what == "add":
		return append(rows, views.LabelRow{Label: newLabel(rows)})
	case what == "drop" && here && rows[i].Label.ID == 0:
		return slices.Delete(rows, i, i+1)
	case what == "up" && here && i > 0:
		rows[i-1], rows[i] = rows[i], rows[i-1]
	case what == "down" && here && i < len(rows)-1:
		rows[i], rows[i+1] = rows[i+1], rows[i]
	}

	return rows
}

// newLabel is an empty row with the first colour and digit that no other has.
func newLabel(rows []views.LabelRow) corpus.Label {
	free := func(of []string, has func(corpus.Label) string) string {
		for _, one := range of {
			if !slices.ContainsFunc(rows, func(r views.LabelRow) bool { return has(r.Label) == one }) {
				return one
			}
		}
		return ""
	}
	l := corpus.Label{Colour: free(corpus.Colours, func(l corpus.Label) string { return l.Colour })}
	if l.Colour == "" {
		l.Colour = corpus.Colours[len(rows)%len(corpus.Colours)]
	}
	l.Key = free(strings.Split("123456789", ""), func(l corpus.Label) string { return l.Key })

	return l
}

// settled is the project as the form wants it, and the form with what is
// wrong with it. New rows in which nothing is named are left out, and a label
// without a title is called by its name.
func settled(p corpus.Project, s views.Settings) (corpus.Project, views.Settings) {
	s.Errors = views.Errors{}
	s.Labels = slices.DeleteFunc(s.Labels, func(r views.LabelRow) bool {
		return r.Label.ID == 0 && r.Label.Name == "" && r.Label.Title == ""
	})
	if !slices.ContainsFunc(segment.Rules, func(r segment.Rule) bool { return r.Name == s.Cutting }) {
		s.Errors["cutting"] = "choose how plain text is cut into blocks"
	}

	next := p
	next.Name, next.Guidelines, next.Cutting, next.Labels = s.Name, s.Guidelines, s.Cutting, nil
	next.Order, next.Rule, next.VotesHidden, next.NoSuggestions = corpus.Order(s.Order), corpus.Rule(s.Rule), s.VotesHidden, !s.Suggest
	for i, n := range numbers {
		v, err := strconv.Atoi(s.Numbers[i].Value)
		if err != nil || v < n.Min || v > n.Max {
			s.Errors[n.Name] = fmt.Sprintf("%s is a whole number from %d to %d", strings.ToLower(n.Title), n.Min, n.Max)
			continue
		}
		*n.of(&next.Settings) = v
	}
	fresh := p.Labels.Next()
	for i := range s.Labels {
		row := &s.Labels[i]
		l := row.Label
		if l.ID == 0 {
			l.ID, fresh = fresh, fresh+1
		} else if _, ok := p.Labels.ByID(l.ID); !ok {
			row.Errors = views.Errors{"name": "the project has no such label; load the page again"}
			continue
		}
		if l.Title == "" {
			l.Title = l.Name
		}

		// A label is wrong where the set is right without it and wrong with it,
		// so that the message stands beside the one that can be changed.
		with := append(slices.Clone(next.Labels), l)
		if invalid, ok := asInvalid(with.Check(views.ReservedKeys())); ok {
			row.Errors = views.Errors{labelField(invalid.Field): invalid.Reason}
			continue
		}
		next.Labels = with
	}

	return next, s
}

// labelField is the field of the editor that a mistake in a label set means.
func labelField(of string) string {
	if field, ok := strings.CutPrefix(of, "label "); ok {
		return field
	}

	return "name"
}

func anyWrong(rows []views.LabelRow) bool {
	return slices.ContainsFunc(rows, func(r views.LabelRow) bool { return len(r.Errors) > 0 })
}
