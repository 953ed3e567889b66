package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// crawl is a web archive of n pages, a gzip member each.
func crawl(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	for i := range n {
		page := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Day %d</title><p>The ferry runs on day %d.", i, i)
		z := gzip.NewWriter(&out)
		fmt.Fprintf(z, "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/%d\r\nWARC-Date: 2026-03-01T12:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-%012d>\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", i, i, len(page), page)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// An import in parts that is killed has stored its parts; the same command adds
// the rest, and nothing twice.
func TestImportOfAWebArchiveGoesOnAfterAKill(t *testing.T) {
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.db")
	t.Setenv("ANNOTATE_DB", file)
	into := []string{"import", "--project", aProject(t), "--parts", "50"}
	archive, cut := crawl(t, 180), len(crawl(t, 130))

	first := exec.CommandContext(t.Context(), name, append(into, "-")...)
	in, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(archive[:cut]); err != nil { // and then nothing comes
		t.Fatal(err)
	}
	data, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	seen := func() (n int) {
		if err := data.QueryRow(`SELECT count(*) FROM documents d JOIN projects p ON p.id = d.project_id WHERE d.id <= p.visible_through`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for end := time.Now().Add(time.Minute); seen() < 100; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d documents after a minute", seen())
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.Wait()
	if n := seen(); n != 100 {
		t.Errorf("%d documents are seen of two parts of 50", n)
	}

	// A minute passes, after which what gave no sign of life is over.
	if _, err := data.Exec(`UPDATE imports SET beat_at = beat_at - 120000 WHERE state = 'running'`); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(t.TempDir(), "whole.warc.gz")
	if err := os.WriteFile(whole, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"80 new, 100 unchanged, 0 changed, 0 failed", "0 new, 180 unchanged, 0 changed, 0 failed"} {
		if status, out, errs := call(t, "", append(into, whole)...); status != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d: %s%s", status, out, errs)
		}
	}
	if n := seen(); n != 180 {
		t.Errorf("%d documents", n)
	}
}

func TestImportInPartsStopsAtABadOne(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	into := []string{"import", "--project", aProject(t), "--parts", "2", "-"}
	lines := strings.Repeat("{\"text\":\"%d\"}\n", 5)
	lines = fmt.Sprintf(lines, 1, 2, 3, 4, 5)
	bad := strings.Replace(lines, `{"text":"4"}`, `{"text":4}`, 1)

	status, out, errs := call(t, bad, into...)
	if status != failed || !strings.Contains(out, "2 new, 0 unchanged, 0 changed, 1 failed") || !strings.Contains(errs, "from the part on that has them nothing was stored, because 1 document is bad") {
		t.Errorf("exit %d: %s%s", status, out, errs)
	}
	status, out, errs = call(t, bad, append(into, "--dry-run")...)
	if status != failed || !strings.Contains(out, "2 would be new, 2 unchanged, 0 would change, 1 failed") {
		t.Errorf("exit %d: %s%s", status, out, errs)
	}
	if status, out, errs = call(t, lines, into...); status != 0 || !strings.Contains(out, "3 new, 2 unchanged, 0 changed, 0 failed") {
		t.Errorf("exit %d: %s%s", status, out, errs)
	}
	if status, _, errs = call(t, lines, append(into, "--parts=-1")...); status != failed || !strings.Contains(errs, "--parts counts documents") {
		t.Errorf("exit %d: %s", status, errs)
	}
	for _, wrong := range [][]string{{"--status", "20"}, {"--types", "image/png"}} {
		if status, _, errs = call(t, lines, append(into, wrong...)...); status != failed || !strings.Contains(errs, wrong[1]) {
			t.Errorf("exit %d: %s", status, errs)
		}
	}
}
