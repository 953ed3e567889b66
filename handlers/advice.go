package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
	"annotate/views"
)

// What advice is worked out from, and how often. With less than the least,
// the models say what they were told.
const (
	adviceDocuments = 2000
	adviceUnits     = 300_000
	leastDocuments  = 10
	leastUnits      = 200
	adviceEvery     = time.Minute
	adviceWithin    = 30 * time.Second
)

// advice is what two models of consensus say about the units that several
// people labelled, by document and place.
type advice map[corpus.DocumentID]map[text.Range]string

// adviser keeps the advice for one project.
type adviser struct {
	says    advice
	people  views.Consensus
	newest  int64 // what it was worked out from
	count   int
	at      time.Time
	running bool
}

// advisers work out advice in the background: a page shows what there is and
// never waits. It prefers nothing.
type advisers struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	one    chan struct{} // one at a time, so that labelling keeps the machine

	mu   sync.Mutex
	have map[corpus.ProjectID]*adviser
}

func newAdvisers(store *db.Store, log *slog.Logger) *advisers {
	ctx, cancel := context.WithCancel(context.Background())

	return &advisers{store: store, log: log, ctx: ctx, cancel: cancel, one: make(chan struct{}, 1), have: map[corpus.ProjectID]*adviser{}}
}

func (a *advisers) close() {
	a.cancel()
	a.work.Wait()
}

// about is the advice for a document, by place; nil where there is none yet, or
// too little to stand on. It begins a new one where the last is old.
func (a *advisers) about(ctx context.Context, project corpus.ProjectID, document corpus.DocumentID) map[text.Range]string {
	return a.latest(ctx, project).says[document]
}

// consensus is how reliable the models hold the people of a project to be; its
// At is zero where that is being worked out for the first time.
func (a *advisers) consensus(ctx context.Context, project corpus.ProjectID) views.Consensus {
	return a.latest(ctx, project).people
}

func (a *advisers) latest(ctx context.Context, project corpus.ProjectID) adviser {
	newest, count, err := a.store.Shared(ctx, project)
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.have[project]
	if one == nil {
		one = &adviser{}
		a.have[project] = one
	}
	if err == nil && !one.running && (newest != one.newest || count != one.count) && time.Since(one.at) >= adviceEvery && a.ctx.Err() == nil {
		one.running = true
		a.work.Go(func() { a.update(project, newest, count) })
	}

	return *one
}

func (a *advisers) update(project corpus.ProjectID, newest int64, count int) {
	var says advice
	var people views.Consensus
	var err error
	select {
	case a.one <- struct{}{}:
		ctx, cancel := context.WithTimeout(a.ctx, adviceWithin)
		says, people, err = advise(ctx, a.store, project)
		cancel()
		<-a.one
	case <-a.ctx.Done():
		err = a.ctx.Err()
	}
	if err != nil && a.ctx.Err() == nil {
		a.log.LogAttrs(a.ctx, slog.LevelWarn, "no advice for reviews", slog.Int64("project", int64(project)), slog.String("error", err.Error()))
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.have[project]
	one.running, one.at = false, time.Now()
	if err == nil {
		one.says, one.people, one.newest, one.count = says, people, newest, count
		one.people.At = one.at
	}
}

// unit is where an item of the models stands.
type unit struct {
	document corpus.DocumentID
	text.Range
}

// advise fits both models to what people said about the classes.
func advise(ctx context.Context, store *db.Store, project corpus.ProjectID) (advice, views.Consensus, error) {
	classes := []corpus.Class{corpus.Body, corpus.Boilerplate}
	r, units, documents := agreement.Ratings{Classes: len(classes)}, []unit{}, 0
	people := map[corpus.AnnotatorID]int{}
	for votes, err := range store.BlockVotes(ctx, project, adviceDocuments) {
		if err != nil {
			return nil, views.Consensus{}, err
		}
		if len(units)+len(votes.Stretches) > adviceUnits {
			break
		}
		documents++
		for _, who := range votes.People {
			if _, known := people[who]; !known {
				people[who] = len(people)
			}
		}
		for i, at := range votes.Stretches {
			for n, class := range votes.Classes[i] {
				for k := range classes {
					if class == classes[k] {
						r.All = append(r.All, agreement.Rating{Item: len(units), Annotator: people[votes.People[n]], Class: k})
					}
				}
			}
			units = append(units, unit{votes.Document, at})
		}
	}
	r.Items, r.Annotators = len(units), len(people)
	stands := views.Consensus{Documents: documents, Units: len(units), Least: leastDocuments, LeastUnits: leastUnits}
	if documents < leastDocuments || len(units) < leastUnits {
		return advice{}, stands, nil
	}

	skene, err := agreement.DawidSkene(ctx, r, agreement.DawidSkeneOptions{})
	if err != nil {
		return nil, stands, err
	}
	mace, err := agreement.MACE(ctx, r, agreement.MACEOptions{Seed: 1})
	if err != nil {
		return nil, stands, err
	}
	out := advice{}
	for i, u := range units {
		if out[u.document] == nil {
			out[u.document] = map[text.Range]string{}
		}
		out[u.document][u.Range] = "Dawid-Skene: " + likeliest(classes, skene.Posteriors[i]) + " · MACE: " + likeliest(classes, mace.Posteriors[i])
	}

	stands.People = competences(r, people, skene, mace)

	return out, stands, besideGold(ctx, store, project, stands.People)
}

// besideGold names people and says how they do against gold.
func besideGold(ctx context.Context, store *db.Store, project corpus.ProjectID, people []views.Competence) error {
	signals, names, err := store.Attention(ctx, project)
	for i := range people {
		p := &people[i]
		p.Name, p.Gold = names[p.Annotator], math.NaN()
		for _, s := range signals {
			if s.Annotator == p.Annotator {
				p.Gold, p.GoldDocuments = s.GoldF1, s.Compared
			}
		}
	}

	return err
}

// competences are what the models say of the people, by their number among the
// annotators of r.
func competences(r agreement.Ratings, people map[corpus.AnnotatorID]int, skene agreement.DawidSkeneFit, mace agreement.MACEFit) []views.Competence {
	out := make([]views.Competence, len(people))
	for who, i := range people {
		errors := skene.Errors[i] // body is class 0
		out[i] = views.Competence{Annotator: who, Body: supported(errors[0], 0), Boilerplate: supported(errors[1], 1), MACE: mace.Competence[i]}
	}
	for _, rating := range r.All {
		out[rating.Annotator].Units++
	}

	return out
}

// supported is a share of a row of error rates; NaN where nothing supports it.
func supported(row []float64, k int) float64 {
	if row[0]+row[1] == 0 {
		return math.NaN()
	}

	return row[k]
}

// likeliest is the class that a model holds for most probable: "body 93 %". It
// never says 100: a model is not certain of anything.
func likeliest(classes []corpus.Class, posterior []float64) string {
	best := 0
	for k, p := range posterior {
		if p > posterior[best] {
			best = k
		}
	}

	return fmt.Sprintf("%s %d %%", classes[best], min(99, int(math.Round(100*posterior[best]))))
}
