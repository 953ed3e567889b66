package clean_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

func lines(t testing.TB, d corpus.Document) score.Prediction {
	t.Helper()
	b, err := clean.BuiltInNamed("lines")
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.New().Clean(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLinesKeepsTheArticleOfANewsPageSavedAsText(t *testing.T) {
	const prose = "The harbour bridge was closed on Monday for repairs that will take two weeks, the city said."
	for _, c := range []struct {
		name, page, want string
	}{
		{"a tail of headlines with dashes is dropped, and the title is kept",
			"Repairs close the bridge\nALDPORT: " + prose + "\n“It could not wait,” said Mara Lindqvist, who leads the works, on Tuesday in the town hall.\n-\nTen Quiet Villages To See Before Winter Comes -\nSinger Tells Of Her Year Away From The Stage -\nWhat The New Tax Means For Your Street And You",
			"Repairs close the bridge\nALDPORT: " + prose + "\n“It could not wait,” said Mara Lindqvist, who leads the works, on Tuesday in the town hall."},
		{"menus on both sides are dropped",
			"Home\nNews\nSport\nSign in\nWeather\n" + prose + "\nWhat comes next\n" + strings.Replace(prose, "Monday", "Friday", 1) + "\nRelated articles\nA new ferry for the island\nAbout us\nContact\nHome\nNews",
			prose + "\nWhat comes next\n" + strings.Replace(prose, "Monday", "Friday", 1)},
		{"a plea inside the article is dropped, the quote behind it is not",
			prose + "\nSubscribe to our newsletter to get the news first.\n“We are sorry.”\n" + strings.Replace(prose, "Monday", "Friday", 1),
			prose + "\n“We are sorry.”\n" + strings.Replace(prose, "Monday", "Friday", 1)},
		{"the comments behind the article are dropped",
			prose + "\n" + strings.Replace(prose, "Monday", "Friday", 1) + "\n34 comments\nmara, 12:30\nI take the ferry now.",
			prose + "\n" + strings.Replace(prose, "Monday", "Friday", 1)},
		{"sentences end in other scripts as well",
			"首页\n新闻\n港口大桥周一因维修关闭，市政府表示，维修工作将持续两周，之后将重新开放。\n关于我们",
			"港口大桥周一因维修关闭，市政府表示，维修工作将持续两周，之后将重新开放。"},
		{"a page of links has no article", "Home\nNews\nSport\nWeather\nAbout us", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := made(t, "text/plain", c.page)
			p := lines(t, d)
			if p.Text != c.want || p.Text != score.BodyText(d.Text, p.Blocks) {
				t.Errorf("kept\n%s\nwant\n%s", p.Text, c.want)
			}
		})
	}
}

func TestLinesUsesWhatHTMLTells(t *testing.T) {
	const prose = "<p>The harbour bridge was closed on %s for repairs that will take two weeks, the city said.</p>"
	d := made(t, "text/html", "<body><nav><p>Choose from all that we have written about the town, its harbour and its many bridges.</p></nav><h2>Repairs close the bridge</h2>"+
		strings.Replace(prose, "%s", "Monday", 1)+strings.Replace(prose, "%s", "Friday", 1)+
		"<ul><li><a href=x>A new ferry for the island is what people ask for since the bridge has been closed.</a></li><li><a href=y>Ten quiet villages that you can see before the winter comes and closes their roads.</a></li></ul>")
	p := lines(t, d)
	if want := "Repairs close the bridge\nThe harbour bridge was closed on Monday for repairs that will take two weeks, the city said.\nThe harbour bridge was closed on Friday for repairs that will take two weeks, the city said."; p.Text != want {
		t.Errorf("kept\n%s", p.Text)
	}
}

// The numbers in lines.go were chosen on the even pages; the odd ones say what
// they are worth.
func TestLinesOnRealPages(t *testing.T) {
	f, err := os.Open("../../../shared/corpus/aeb-plaintext/docs.jsonl")
	if err != nil {
		t.Skip("the real pages are not here: ", err)
	}
	defer f.Close()
	measures := []score.Measure{named(t, "word"), named(t, "block")}
	var reports, whole [2][]score.Scored
	r := bufio.NewScanner(f)
	r.Buffer(nil, 64<<20)
	for i := 0; r.Scan(); i++ {
		var page struct {
			ID, Text string
			Lines    [][3]any
			Body     string `json:"gold_body"`
		}
		if err := json.Unmarshal(r.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		d := corpus.Document{ExternalID: page.ID, Text: page.Text, MediaType: "text/plain"}
		g := score.Gold{ID: page.ID, Page: page.Text, Body: page.Body}
		for _, l := range page.Lines {
			is := text.Range{Start: int(l[0].(float64)), End: int(l[1].(float64))}
			d.Blocks = append(d.Blocks, corpus.Block{Range: is})
			g.Blocks = append(g.Blocks, score.Block{Range: is, Class: corpus.Class(l[2].(string))})
		}
		reports[i%2] = append(reports[i%2], score.Score(measures, g, lines(t, d)))
		whole[i%2] = append(whole[i%2], score.Score(measures, g, score.Prediction{Status: score.OK, Text: page.Text}))
	}
	if r.Err() != nil || len(reports[1]) != 90 {
		t.Fatal(len(reports[1]), r.Err())
	}

	least := [2]float64{.91, .89}
	for i, half := range []string{"even", "odd"} {
		word, block, all := mean(reports[i], 0), mean(reports[i], 1), mean(whole[i], 0)
		t.Logf("%s pages: word F1 %.3f, blocks F1 %.3f; everything kept: word F1 %.3f", half, word, block, all)
		if word < least[i] {
			t.Errorf("word F1 on the %s pages is %.3f, was at least %.2f", half, word, least[i])
		}
	}
}

func named(t testing.TB, name string) score.Measure {
	t.Helper()
	m, ok := score.MeasureNamed(name)
	if !ok {
		t.Fatal(name)
	}
	return m
}

// mean is the mean F1 by measure number k over the documents that have one.
func mean(scored []score.Scored, k int) float64 {
	sum, n := 0.0, 0.0
	for _, s := range scored {
		if f := s.Figures[k].PRF.F1; f == f {
			sum, n = sum+f, n+1
		}
	}
	return sum / n
}
