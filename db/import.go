package db

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	mrand "math/rand/v2"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"annotate/internal/corpus"
)

// While people label, a batch of an import takes the writer about batchTime,
// so that they notice nothing; while nobody does, it takes longer, because the
// search index is the cheaper to build the more it gets at once. A batch's
// size follows from how long the one before took, between the least and the
// most.
const (
	batchTime  = 10 * time.Millisecond
	batchAlone = 150 * time.Millisecond
	alone      = 3 * time.Second // without a change by anybody else
	batchLeast = 64 << 10        // bytes of text and source
	batchMost  = 4 << 20
	batchFirst = 256 << 10
	perRow     = 1 << 10 // what a document costs beside its bytes
)

// progressEach is after how many records the progress is told.
const progressEach = 64

// besideServer is how long an import leaves the file to the server of another
// process after each batch: a few times what that takes to notice.
const besideServer = 5 * time.Millisecond

// An import that gave no sign of life for so long was killed; the next one
// clears up after it.
const importSilence = time.Minute

// Import stores documents and the gold they bring. Nothing of it is seen until
// all of it is: a record that is bad stops it, unless bad ones are skipped, but
// the rest is still read, so that all that is wrong is reported together. It
// is safe to repeat: what is there already is unchanged. A document that comes
// with another text becomes a new version, and one that comes with other gold
// gets that as the next version of its gold.
//
// The error is *corpus.Invalid where the import cannot begin; bad records are
// in the report, not an error.
func (s *Store) Import(ctx context.Context, o corpus.ImportOptions, docs iter.Seq2[corpus.Incoming, error]) (report corpus.ImportReport, err error) {
	im := &importing{s: s, o: o, room: batchFirst, fresh: map[string]bool{}}
	if im.project, err = s.Project(ctx, o.Project); err != nil {
		return corpus.ImportReport{}, err
	}
	im.labels = slices.Clone(im.project.Labels)
	if im.compress, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		return corpus.ImportReport{}, err
	}
	if !o.DryRun {
		if err := im.begin(ctx); err != nil {
			return corpus.ImportReport{}, err
		}
	}

	err = errors.Join(im.read(ctx, docs), im.wait())
	im.report.NewLabels = im.newLabels
	switch {
	case o.DryRun:
		return im.report, err
	case err == nil && (im.report.Failed == 0 || o.SkipBad):
		err = im.publish(ctx)
	case err == nil:
		return im.report, im.clear(context.WithoutCancel(ctx))
	}
	if err != nil {
		im.report.Stored = false
		return im.report, errors.Join(err, im.clear(context.WithoutCancel(ctx)))
	}

	return im.report, nil
}

// importing is one import under way.
type importing struct {
	s        *Store
	o        corpus.ImportOptions
	project  corpus.Project
	compress *zstd.Encoder
	words    distinct
	id       int64 // imports.id
	report   corpus.ImportReport

	labels    corpus.LabelSet // the project's, and those to add
	newLabels []string

	batch []incoming
	bytes int
	room  int             // how many bytes make a batch
	fresh map[string]bool // keys of the batch, which a lookup would not find yet

	flying map[string]bool // keys of the batch that is being written meanwhile
	landed chan landing    // answers for it; nil where there is none

	last  corpus.DocumentID // the newest document stored
	older []corpus.DocumentID
	added struct{ new, gold int }
	parts [][2]string // of new documents that came with one: key and part
	kept  int         // drafts that were not taken, because there are labels already
}

// landing is what became of a batch.
type landing struct {
	err   error
	bytes int
	took  time.Duration
}

// incoming is one record after it was compared with what is there.
type incoming struct {
	doc     corpus.Document
	key     string
	hash    []byte
	old     corpus.DocumentID // the version it supersedes, 0 for none
	same    bool              // the document is there; only the gold is new
	gold    *corpus.Gold
	draft   string // a corpus.Change: spans of whoever imports, "" for none
	source  []byte
	zstd    bool
	blocks  string
	words   string // for the search index
	content string
	by      string
}

// begin clears up after killed imports and takes the project's one place for
// an import.
func (im *importing) begin(ctx context.Context) error {
	now := im.s.nowMillis()
	err := im.s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE imports SET state = 'failed' WHERE project_id = ? AND state = 'running' AND beat_at < ?`, im.o.Project, now-importSilence.Milliseconds())
		if err != nil {
			return err
		}
		im.id, err = t.insert(`INSERT INTO imports (project_id, annotator_id, state, started_at, beat_at) VALUES (?, ?, 'running', ?, ?)`, im.o.Project, nullID(im.o.By), now, now)
		return err
	})
	if errors.Is(err, errUnique) {
		return corpus.Invalidf("", "another import into this project is running; wait for it to end")
	}
	if err != nil {
		return err
	}

	return errors.Join(im.s.placeDrafts(ctx, im.o.Project), im.s.clearStaged(ctx, im.o.Project, im.id))
}

// errOverdue is what an import gets that gave no sign of life for so long that
// another took its place.
var errOverdue = corpus.Invalidf("", "this import stood still for so long that another took its place; run it again")

// beat says that the import lives, and stops it where another took its place.
func (im *importing) beat(t *tx, now int64) error {
	err := one(t.change(`UPDATE imports SET beat_at = ? WHERE id = ? AND state = 'running'`, now, im.id))
	if errors.Is(err, corpus.ErrNotFound) {
		return errOverdue
	}

	return err
}

// clear takes away what a failed import stored. Where another has taken its
// place, that one has done so, and what is there now is not this one's.
func (im *importing) clear(ctx context.Context) error {
	err := im.s.write(ctx, func(t *tx) error { return im.beat(t, im.s.nowMillis()) })
	if errors.Is(err, errOverdue) {
		return nil
	}
	if err == nil {
		err = im.s.clearStaged(ctx, im.o.Project, im.id)
	}
	report, _ := json.Marshal(im.report)

	return errors.Join(err, im.s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE imports SET state = 'failed', report = ? WHERE id = ? AND state = 'running'`, string(report), im.id)
		return err
	}))
}

// clearStaged deletes the documents that are not visible, in batches. They
// were never seen, so no label is on them.
func (s *Store) clearStaged(ctx context.Context, project corpus.ProjectID, importID int64) error {
	for {
		var n int
		err := s.writeBulk(ctx, func(t *tx) error {
			if _, err := t.exec(`DELETE FROM staged_gold WHERE import_id IN (SELECT id FROM imports WHERE project_id = ?)`, project); err != nil {
				return err
			}
			if _, err := t.exec(`UPDATE imports SET beat_at = ? WHERE id = ?`, s.nowMillis(), importID); err != nil {
				return err
			}
			var ids []int64
			err := t.rows(`SELECT id FROM documents WHERE project_id = ?1 AND id > (SELECT visible_through FROM projects WHERE id = ?1) ORDER BY id DESC LIMIT 100`, []any{project}, func(r *sql.Rows) error {
				var id int64
				err := r.Scan(&id)
				ids = append(ids, id)
				return err
			})
			if err != nil {
				return err
			}
			n = len(ids)
			for _, id := range ids {
				var name, text string
				if err := t.scan(`SELECT name, text FROM documents WHERE id = ?`, []any{id}, &name, &text); err != nil {
					return err
				}
				if _, err := t.exec(`INSERT INTO documents_fts (documents_fts, rowid, text) VALUES ('delete', ?, ?)`, id, new(distinct).of(name, text)); err != nil {
					return err
				}
				for _, query := range []string{
					`DELETE FROM gold WHERE document_id = ?`,
					`DELETE FROM sources WHERE document_id = ?`,
					`DELETE FROM document_states WHERE document_id = ?`,
					`DELETE FROM documents WHERE id = ?`,
				} {
					if _, err := t.exec(query, id); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// read takes the records one by one. It reads to the end also after a bad one.
func (im *importing) read(ctx context.Context, docs iter.Seq2[corpus.Incoming, error]) error {
	for in, err := range docs {
		if err == nil {
			err = im.take(ctx, in)
		}
		if note, ok := errors.AsType[*corpus.Note](err); ok {
			im.report.Note(corpus.Problem{File: note.File, Reason: note.Text})
			continue
		}
		if problem, ok := errors.AsType[*corpus.Problem](err); ok {
			im.report.Failed++
			if len(im.report.Problems) < corpus.MaxProblems {
				im.report.Problems = append(im.report.Problems, *problem)
			}
		} else if err != nil {
			return err
		}
		if im.bytes >= im.room {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
		if im.o.Progress != nil && im.report.Total()%progressEach == 0 {
			im.o.Progress(im.report)
		}
	}
	if im.kept > 0 {
		im.report.Note(corpus.Problem{Reason: fmt.Sprintf("%d documents have labels of that person or gold already, which stay as they are", im.kept)})
	}

	return im.flush(ctx)
}

// take compares one record with what is there.
func (im *importing) take(ctx context.Context, in corpus.Incoming) error {
	d := in.Document
	d.Project = im.o.Project
	hash, err := hex.DecodeString(d.SHA256)
	if err != nil {
		return fmt.Errorf("%s:%d: text hash: %w", in.File, in.Line, err)
	}
	key := d.ExternalID
	if key == "" {
		key = "sha256:" + d.SHA256
	}

	// Two records with one key in a run are one document; ingest has refused
	// two with the same id, so these have the same text.
	if im.fresh[key] {
		if err := im.flush(ctx); err != nil {
			return err
		}
	}
	if im.flying[key] {
		if err := im.wait(); err != nil {
			return err
		}
	}

	var old corpus.DocumentID
	var version int
	var oldHash []byte
	var state corpus.State
	err = im.s.scan(ctx, `SELECT d.id, d.version, d.sha256, s.state FROM documents d CROSS JOIN document_states s ON s.document_id = d.id
		WHERE d.project_id = ? AND d.key = ? ORDER BY d.version DESC LIMIT 1`, []any{im.o.Project, key}, &old, &version, &oldHash, &state)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return err
	}
	d.Version = version + 1

	one := incoming{doc: d, key: key, hash: hash, old: old}
	one.same = old != 0 && string(oldHash) == string(hash)
	if one.same {
		one.doc.ID = old
	}
	switch err = nil; {
	case in.Pieces != nil:
		err = im.takeGold(ctx, &one, in)
	case in.Draft:
		err = im.takeDraft(ctx, &one, in)
	}
	if err != nil {
		return err
	}

	im.found(in)
	switch {
	case one.same && one.gold == nil && one.draft == "":
		im.report.Unchanged++
		return nil
	case old != 0:
		im.report.Changed++
	default:
		im.report.New++
		if in.Split != "" {
			im.report.Splits++
			im.parts = append(im.parts, [2]string{key, in.Split})
		}
	}
	if one.gold != nil {
		im.report.Gold++
	}
	if one.draft != "" {
		im.report.Drafts++
	}
	if len(im.report.Sample) < 3 && im.o.DryRun {
		im.report.Sample = append(im.report.Sample, in)
	}
	im.fresh[key] = true
	im.batch = append(im.batch, one)
	im.bytes += len(d.Text) + len(d.Source) + perRow

	return nil
}

// foundShare is how much of a gold text must be found in its page for nothing
// to be said.
const foundShare = .9

// found adds what is to be said about a record that is good.
func (im *importing) found(in corpus.Incoming) {
	note := func(reason string) { im.report.Note(corpus.Problem{File: in.File, Line: in.Line, Reason: reason}) }
	for _, n := range in.Notes {
		note(n)
	}
	im.report.GoldWords += in.GoldWords
	im.report.GoldFound += in.GoldFound
	if float64(in.GoldFound) < foundShare*float64(in.GoldWords) {
		note(fmt.Sprintf("%s: %d of the gold text's %d words were found in the page", in.Name, in.GoldFound, in.GoldWords))
	}
}

// asProblem makes what a person can repair a problem of the record.
func asProblem(in corpus.Incoming, err error) error {
	if invalid, ok := errors.AsType[*corpus.Invalid](err); ok {
		return &corpus.Problem{File: in.File, Line: in.Line, Reason: invalid.Error()}
	}
	return err
}

// spans are those of a record with the project's labels.
func (im *importing) spans(in corpus.Incoming) ([]corpus.Span, error) {
	spans := make([]corpus.Span, len(in.Spans))
	for i, sp := range in.Spans {
		label, err := im.label(sp.Label)
		if err != nil {
			return nil, err
		}
		spans[i] = corpus.Span{Range: sp.Range, Label: label, Quote: sp.Quote}
	}

	return spans, nil
}

// stored is the document that a record labels: as it will be, or as it is
// there.
func (im *importing) stored(ctx context.Context, one *incoming) (corpus.Document, error) {
	if !one.same {
		return one.doc, nil
	}
	d, err := im.s.Document(ctx, one.old)
	if errors.Is(err, corpus.ErrNotFound) { // stored by this run, not visible yet
		return one.doc, nil
	}

	return d, err
}

// takeDraft plans spans without classes of blocks as a draft of whoever
// imports. Labels of that person, and gold, stay as they are.
func (im *importing) takeDraft(ctx context.Context, one *incoming, in corpus.Incoming) error {
	if im.o.By == 0 {
		return corpus.Invalidf("blocks", "spans without classes of blocks become drafts of a person; say whose, with --as NAME")
	}
	if one.same {
		var labelled bool
		err := im.s.scan(ctx, `SELECT EXISTS (SELECT 1 FROM annotations WHERE document_id = ?1 AND annotator_id = ?2) OR EXISTS (SELECT 1 FROM gold WHERE document_id = ?1)`,
			[]any{one.old, im.o.By}, &labelled)
		if err != nil || labelled {
			im.kept++
			return err
		}
	}
	spans, err := im.spans(in)
	if err != nil {
		return asProblem(in, err)
	}
	for i := range spans {
		spans[i].ID = corpus.SpanID(fmt.Sprintf("import-%06d", i+1))
	}
	d, err := im.stored(ctx, one)
	if err != nil {
		return err
	}
	a := corpus.NewAnnotation(d, im.o.By)
	change := corpus.Change{Add: spans}
	if err := a.Do("import", change); err != nil {
		return asProblem(in, err)
	}
	b, err := json.Marshal(change)
	one.draft = string(b)

	return err
}

// takeGold makes gold of what the record says, against the document as it will
// be. Gold that the document has already is none.
func (im *importing) takeGold(ctx context.Context, one *incoming, in corpus.Incoming) error {
	spans, err := im.spans(in)
	if err != nil {
		return asProblem(in, err)
	}
	by := in.Annotators
	if len(by) == 0 {
		by = []string{"import"}
	}
	d, err := im.stored(ctx, one)
	if err != nil {
		return err
	}
	gold, err := corpus.NewGold(d, in.Pieces, spans, im.labels, by)
	if err != nil {
		return asProblem(in, err)
	}
	if one.content, one.by, err = encodeGold(gold); err != nil {
		return err
	}
	one.gold = &gold
	if !one.same {
		return nil
	}

	var content string
	err = im.s.scan(ctx, `SELECT content FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1`, []any{one.old}, &content)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return err
	}
	if content == one.content {
		one.gold = nil
	}

	return nil
}

// label finds a label by its name, or plans to add it.
func (im *importing) label(name string) (corpus.LabelID, error) {
	if l, ok := im.labels.ByName(name); ok {
		return l.ID, nil
	}
	if !im.o.AddLabels && !im.o.DryRun {
		return 0, corpus.Invalidf("spans", "the project has no label %q; add it in the settings, or let the import add labels", name)
	}

	l := corpus.Label{ID: im.labels.Next(), Name: name, Title: name, Colour: corpus.Colours[len(im.labels)%len(corpus.Colours)]}
	with := append(slices.Clone(im.labels), l)
	if err := with.Check(nil); err != nil {
		return 0, err
	}
	im.labels = with
	im.newLabels = append(im.newLabels, name)

	return l.ID, nil
}

// flush gives the batch to the writer, and the next one is read while it
// writes. What takes time is done before the writer has it.
func (im *importing) flush(ctx context.Context) error {
	batch, bytes, keys := im.batch, im.bytes, im.fresh
	im.batch, im.bytes, im.fresh = nil, 0, map[string]bool{}
	if len(batch) == 0 || im.o.DryRun || (im.report.Failed > 0 && !im.o.SkipBad) {
		return nil
	}

	for i := range batch {
		one := &batch[i]
		if one.same {
			continue
		}
		var err error
		if one.blocks, err = encodeBlocks(one.doc.Blocks); err != nil {
			return err
		}
		one.words = im.words.of(one.doc.Name, one.doc.Text)
		one.source = one.doc.Source
		if len(one.source) > 1024 {
			one.source, one.zstd = im.compress.EncodeAll(one.source, nil), true
		}
		if one.doc.Meta == "" {
			one.doc.Meta = "{}"
		}
	}

	if err := im.wait(); err != nil {
		return err
	}
	landed := make(chan landing, 1)
	im.flying, im.landed = keys, landed
	go func() {
		var began time.Time
		err := im.s.writeBulk(ctx, func(t *tx) error {
			began = time.Now()
			now := im.s.nowMillis()
			if err := im.beat(t, now); err != nil {
				return err
			}
			for i := range batch {
				if err := im.store(t, &batch[i], now); err != nil {
					return fmt.Errorf("store %s: %w", batch[i].doc.Name, err)
				}
			}
			return nil
		})
		landed <- landing{err, bytes, time.Since(began)}
	}()

	return nil
}

// wait ends when the writer has the batch that it was given.
func (im *importing) wait() error {
	if im.landed == nil {
		return nil
	}
	l := <-im.landed
	im.flying, im.landed = nil, nil
	should := batchAlone
	switch {
	case im.s.served():
		should = batchTime
		time.Sleep(besideServer) // the people there write between two batches
	case im.s.unlock != nil && im.s.w.quiet() < alone:
		should = batchTime
		time.Sleep(l.took) // every other moment is theirs
	}
	if l.err == nil {
		fits := float64(l.bytes) * float64(should) / float64(max(l.took, time.Microsecond))
		im.room = int(min(max(min((float64(im.room)+fits)/2, fits), batchLeast), batchMost))
	}

	return l.err
}

func (im *importing) store(t *tx, one *incoming, now int64) error {
	if one.same {
		return im.stage(t, one.old, one)
	}

	d := &one.doc
	sourceHash, err := hex.DecodeString(d.SourceHash)
	if err != nil {
		return err
	}
	id, err := t.insert(`INSERT INTO documents (project_id, key, version, name, external_id, url, site, language, media_type, charset, segmenter, sha256, source_hash, block_count, added_at, meta, blocks, text)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.Project, one.key, d.Version, d.Name, d.ExternalID, d.URL, d.Site, d.Language, d.MediaType, d.Charset, d.Segmenter, one.hash, sourceHash, len(d.Blocks), now, d.Meta, one.blocks, d.Text)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO documents_fts (rowid, text) VALUES (?, ?)`, id, one.words); err != nil {
		return err
	}
	if one.source != nil {
		encoding := "identity"
		if one.zstd {
			encoding = "zstd"
		}
		if _, err := t.exec(`INSERT INTO sources (document_id, encoding, bytes) VALUES (?, ?, ?)`, id, encoding, one.source); err != nil {
			return err
		}
	}

	state, chosen := corpus.New, corpus.NotChosen
	if one.gold != nil {
		state, chosen = corpus.Golden, corpus.ByImport
		if _, err := t.exec(`INSERT INTO gold (document_id, project_id, version, at, annotators, content, basis) VALUES (?, ?, 1, ?, ?, ?, 'imported')`, id, d.Project, now, one.by, one.content); err != nil {
			return err
		}
		im.added.gold++
	} else {
		im.added.new++
	}
	shuffle := mrand.Int64() >> 1
	wanted, room := im.project.Wanted(shuffle), 0
	if state == corpus.New {
		room = wanted
	}
	if _, err := t.exec(`INSERT INTO document_states (document_id, project_id, state, shuffle, changed_at, wanted, room, chosen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, id, d.Project, state, shuffle, now, wanted, room, chosen); err != nil {
		return err
	}
	im.last = corpus.DocumentID(id)
	if one.old != 0 {
		im.older = append(im.older, one.old)
	}
	if one.draft != "" {
		return im.stage(t, im.last, one)
	}

	return nil
}

// stage keeps gold for a document that is there, or a draft, until the import
// is seen. A draft has no annotators and a corpus.Change as its content.
func (im *importing) stage(t *tx, id corpus.DocumentID, one *incoming) error {
	by, content := one.by, one.content
	if one.draft != "" {
		by, content = "", one.draft
	}
	_, err := t.exec(`INSERT INTO staged_gold (import_id, document_id, annotators, content) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET annotators = excluded.annotators, content = excluded.content`, im.id, id, by, content)

	return err
}

// publish makes all of the import visible at once.
func (im *importing) publish(ctx context.Context) error {
	im.report.Stored = true
	report, err := json.Marshal(im.report)
	if err != nil {
		return err
	}

	err = im.s.writeBulk(ctx, func(t *tx) error {
		now := im.s.nowMillis()
		if err := im.beat(t, now); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE imports SET state = 'done', report = ? WHERE id = ?`, string(report), im.id); err != nil {
			return err
		}
		if err := im.addLabels(t); err != nil {
			return err
		}
		if im.last != 0 {
			if _, err := t.exec(`UPDATE projects SET visible_through = ? WHERE id = ?`, im.last, im.o.Project); err != nil {
				return err
			}
		}
		if err := addCount(t, im.o.Project, corpus.New, im.added.new); err != nil {
			return err
		}
		if err := addCount(t, im.o.Project, corpus.Golden, im.added.gold); err != nil {
			return err
		}
		for _, id := range im.older {
			if err := setState(t, id, corpus.Superseded, im.o.By, "", now); err != nil {
				return err
			}
		}
		if err := im.follow(t); err != nil {
			return err
		}
		if err := im.fixParts(t, now); err != nil {
			return err
		}
		return im.moveGold(t, now)
	})
	if err != nil {
		return err
	}

	return errors.Join(im.s.placeDrafts(ctx, im.o.Project), im.s.Requeue(ctx, im.o.Project))
}

// draftsEach is how many drafts one turn of the writer places.
const draftsEach = 50

// placeDrafts begins the annotations that imports into a project brought, and
// that are seen by now. What a program that ended left of them, the next import
// places first: events are never deleted, so they cannot be stored before.
func (s *Store) placeDrafts(ctx context.Context, project corpus.ProjectID) error {
	for more := true; more; {
		var placed []deskKey
		err := s.writeBulk(ctx, func(t *tx) (err error) {
			placed, err = s.placeSome(t, project)
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range placed { // who looked at it blank sees it with the draft
			w := s.desk.take(key)
			w.mu.Lock()
			w.a = nil
			w.mu.Unlock()
			s.desk.leave(w, 0)
		}
		more = len(placed) == draftsEach
	}

	return nil
}

func (s *Store) placeSome(t *tx, project corpus.ProjectID) (placed []deskKey, err error) {
	type draft struct {
		deskKey
		importID int64
		content  string
	}
	var drafts []draft
	err = t.rows(`SELECT g.import_id, g.document_id, i.annotator_id, g.content FROM staged_gold g JOIN imports i ON i.id = g.import_id
		WHERE i.project_id = ? AND i.state = 'done' AND g.annotators = '' ORDER BY g.import_id, g.document_id LIMIT ?`, []any{project, draftsEach}, func(r *sql.Rows) error {
		var d draft
		err := r.Scan(&d.importID, &d.document, &d.annotator, &d.content)
		drafts = append(drafts, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	now := s.nowMillis()
	for _, d := range drafts {
		if err := s.placeDraft(t, project, d.deskKey, fmt.Sprintf("import-%08d", d.importID), d.content, now); err != nil {
			return nil, err
		}
		if _, err := t.exec(`DELETE FROM staged_gold WHERE import_id = ? AND document_id = ?`, d.importID, d.document); err != nil {
			return nil, err
		}
		placed = append(placed, d.deskKey)
	}

	return placed, nil
}

// placeDraft begins one annotation. Somebody who began it meanwhile keeps what
// they did.
func (s *Store) placeDraft(t *tx, project corpus.ProjectID, key deskKey, event, change string, now int64) error {
	var begun bool
	if err := t.scan(`SELECT EXISTS (SELECT 1 FROM annotations WHERE document_id = ? AND annotator_id = ?)`, []any{key.document, key.annotator}, &begun); err != nil || begun {
		return err
	}
	row, err := t.insert(`INSERT INTO annotations (document_id, annotator_id, project_id, purpose, status, opened_at) VALUES (?, ?, ?, ?, 'draft', ?)`, key.document, key.annotator, project, corpus.ForGold, now)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO events (annotation_id, n, id, kind, change, at) VALUES (?, 1, ?, ?, ?, ?)`, row, event, corpus.KindSpans, change, now); err != nil {
		return err
	}
	if err := t.choose(key.document, corpus.ByImport); err != nil {
		return err
	}

	return s.settle(t, key.document, nil, key.annotator, "", now)
}

// fixParts fixes the new documents that came with the part of a split to that,
// so that a dataset keeps its parts on its way through. What was there before
// stays where it is.
func (im *importing) fixParts(t *tx, now int64) error {
	if len(im.parts) == 0 {
		return nil
	}
	n := map[string]int{}
	for _, p := range im.parts {
		n[p[1]]++
	}
	list, err := json.Marshal(im.parts)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO split_fixes (project_id, document_key, site, part, annotator_id, at) SELECT ?1, j.value ->> 0, '', j.value ->> 1, ?3, ?4 FROM json_each(?2) j`,
		im.o.Project, string(list), nullID(im.o.By), now); err != nil {
		return err
	}
	for _, part := range slices.Sorted(maps.Keys(n)) {
		if err := t.audit(im.o.By, im.o.Project, "split-fixed", importedList(n[part]), splitFixed{part}); err != nil {
			return err
		}
	}

	return nil
}

// importedList names so many documents.
func importedList(n int) string {
	if n == 1 {
		return "an imported document"
	}
	return fmt.Sprintf("%d imported documents", n)
}

// follow has the new documents take the project's settings anew where these
// changed during the import.
func (im *importing) follow(t *tx) error {
	now, err := scanProjectRow(t, im.o.Project)
	if err != nil || now.Settings == im.project.Settings {
		return err
	}
	_, err = t.exec(`UPDATE projects SET requeue_after = 0 WHERE id = ?`, im.o.Project)

	return err
}

// addLabels adds the labels that the import brought. Their numbers stand in
// the gold already, so a label set that changed meanwhile fails the import.
func (im *importing) addLabels(t *tx) error {
	if len(im.newLabels) == 0 {
		return nil
	}
	has, err := projectLabels(t, im.o.Project)
	if err != nil {
		return err
	}
	for _, l := range im.labels {
		if slices.Contains(im.newLabels, l.Name) {
			if _, taken := has.ByID(l.ID); taken {
				return corpus.Invalidf("", "the project's labels were changed during the import; run it again")
			}
			has = append(has, l)
		}
	}
	if err := has.Check(nil); err != nil {
		return err
	}
	labels, err := json.Marshal(has)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE projects SET labels = ? WHERE id = ?`, string(labels), im.o.Project)

	return err
}

// moveGold appends the gold that came for documents that were there.
func (im *importing) moveGold(t *tx, now int64) error {
	var ids []corpus.DocumentID
	err := t.rows(`SELECT document_id FROM staged_gold WHERE import_id = ? AND annotators <> '' ORDER BY document_id`, []any{im.id}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := t.exec(`INSERT INTO gold (document_id, project_id, version, at, annotators, content, basis)
			SELECT document_id, ?1, 1 + (SELECT coalesce(max(version), 0) FROM gold WHERE document_id = ?2), ?3, annotators, content, 'imported'
			FROM staged_gold WHERE import_id = ?4 AND document_id = ?2`, im.o.Project, id, now, im.id); err != nil {
			return err
		}
		if err := t.choose(id, corpus.ByImport); err != nil {
			return err
		}
		var state corpus.State
		if err := t.scan(`SELECT state FROM document_states WHERE document_id = ?`, []any{id}, &state); err != nil {
			return err
		}
		if state != corpus.Removed && state != corpus.Superseded {
			if err := setState(t, id, corpus.Golden, im.o.By, "", now); err != nil {
				return err
			}
		}
	}
	_, err = t.exec(`DELETE FROM staged_gold WHERE import_id = ? AND annotators <> ''`, im.id)

	return err
}
