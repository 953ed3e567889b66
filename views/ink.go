package views

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"annotate/internal/score"
)

// Painted text is written by hand: templ puts white space between elements,
// and here every character is one of the document's.

// spoken are the words that stand before a painted stretch for those who hear
// the page.
var spoken = map[score.Fate]string{score.LostBody: "lost: ", score.LeakedBoilerplate: "leaked: ", inventedWord: "invented: ", movedWord: "moved: "}

// inked writes painted text as one reads it, line breaks as spaces. What is
// wrong is marked in colour and by a line.
func inked(list []Inked) templ.Component {
	return written(func(b *strings.Builder) {
		for _, i := range list {
			if i.Broken {
				b.WriteString(" ")
			}
			word, wrong := spoken[i.Fate]
			switch {
			case wrong:
				b.WriteString(`<mark class="` + string(i.Fate) + `"><span class="sr">` + word + `</span>`)
				b.WriteString(templ.EscapeString(i.Text))
				b.WriteString(`</mark>`)
			case i.Fate == score.DroppedBoilerplate:
				b.WriteString(`<span class="dropped">` + templ.EscapeString(i.Text) + `</span>`)
			default:
				b.WriteString(templ.EscapeString(i.Text))
			}
		}
	})
}

// painted writes a block in which one can go from mistake to mistake: the first
// stretch of each has its name, and says what kind it is.
func (p MistakePage) painted(block MistakeBlock) templ.Component {
	return written(func(b *strings.Builder) {
		b.WriteString(`<span class="sr">` + blockWords(block) + `</span>`)
		for _, i := range block.Ink {
			switch {
			case i.wrong() && i.Mistake > 0:
				b.WriteString(`<mark class="` + string(i.Fate))
				if i.Entity != "" {
					b.WriteString(` ent`)
				}
				if p.List[i.Mistake-1].New {
					b.WriteString(` new`)
				}
				number := strconv.Itoa(i.Mistake)
				b.WriteString(`" data-m="` + number + `"`)
				if i.First {
					b.WriteString(` id="m` + number + `"><span class="kind">` + templ.EscapeString(p.kindWords(i.Mistake)) + `<span class="sr">: </span></span>`)
				} else {
					b.WriteString(`><span class="sr">` + spoken[i.Fate] + `</span>`)
				}
				b.WriteString(templ.EscapeString(i.Text) + `</mark>`)
			case i.Entity != "":
				b.WriteString(`<span class="ent ` + i.Entity + `">` + templ.EscapeString(i.Text) + `</span>`)
			default:
				b.WriteString(templ.EscapeString(i.Text))
			}
		}
	})
}

func written(write func(*strings.Builder)) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		write(&b)
		_, err := io.WriteString(w, b.String())
		return err
	})
}
