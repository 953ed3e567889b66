package blocks

import (
	"strings"
	"testing"
)

func TestTheHeadlineIsTheTitleThatProseFollows(t *testing.T) {
	prose := "The harbour bridge was closed on Monday for repairs that will take two weeks, the city said in the evening."
	for _, c := range []struct {
		name, page string
		want       int
	}{
		{"the title again", "Harbour Bridge Closed - Town News\nHome\nMost Read\nHarbour Bridge Closed\nMonday\nHome\nSport\nJobs\nShop\nHelp\nMap\nWeather\nHarbour Bridge Closed\n" + prose, 12},
		{"not the first block", "Harbour Bridge Closed\n" + prose, -1},
		{"nothing like it", "Harbour Bridge Closed - Town News\nHome\nSport\n" + strings.ReplaceAll(prose, "harbour bridge", "ferry"), -1},
	} {
		ls := looks(made(1, "a.org", c.page).Document)
		words := make([]int, len(ls)+1)
		for i := range ls {
			words[i+1] = words[i]
			if ls[i].prose() {
				words[i+1] += ls[i].words
			}
		}
		if got := headline(ls, words); got != c.want {
			t.Errorf("%s: block %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWhatCameSinceTheHeadlineIsCounted(t *testing.T) {
	prose := "The harbour bridge was closed on Monday for repairs that will take two weeks, the city said in the evening."
	page := "Harbour Bridge Closed - Town News\nHome\nHarbour Bridge Closed\n8:15\n" + prose + "\nReply\n9:30\n" + prose + "\nReply\n10:45\n" + prose + "\nReply\n" + prose
	ls := looks(made(1, "a.org", page).Document)
	around := surroundings(ls)
	if got := around[1].since; got != (since{upwards + bucket(1)/2, upwards, upwards, upwards, upwards}) {
		t.Errorf("before the headline: %+v", got)
	}
	if got := around[4].since; got != (since{2, 0, noProseSoFar, noProseSoFar, noProseSoFar}) {
		t.Errorf("the first prose: %+v", got)
	}
	if got, words := around[12].since, 3*ls[4].words; got != (since{bucket(10), bucket(words) / 2, 2, 2, bucket(3)}) {
		t.Errorf("the last comment: %+v", got)
	}
	if got := surroundings(looks(made(1, "a.org", "one\ntwo").Document))[1].since; got.blocks != noHeadline {
		t.Errorf("without a headline: %+v", got)
	}
}
