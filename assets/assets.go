// Package assets holds everything the browser loads besides pages: style
// sheets, scripts, fonts and vendored libraries, embedded in the program. All
// of it is served under one path that carries a hash of the whole folder, so a
// file may be kept for ever, relative imports between modules need no
// bundler, and two versions of the program can never be mixed in one page.
package assets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// FS is the embedded folder, as it lies in the source tree.
//
//go:embed css fonts img js vendor
var FS embed.FS

// Prefix is the path under which a server must mount Handler.
const Prefix = "/assets/"

// types are the media types of all files that are served; a file of another
// kind is not. A table of our own, because the system's differs by machine.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

var files, hash = load(FS)

// load reads every file, by its path, and hashes names and contents together.
// It panics where the embedded folder cannot be read, which no input can cause.
func load(folder fs.FS) (files map[string][]byte, hash string) {
	files = map[string][]byte{}
	sum := sha256.New()

	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		files[name] = body
		fmt.Fprintf(sum, "%s %d\n", name, len(body))
		sum.Write(body)

		return nil
	})
	if err != nil {
		panic(err)
	}

	return files, hex.EncodeToString(sum.Sum(nil))[:16]
}

// Path is the address of a file, "css/theme.css" for example. A name that is
// no file gives an address that answers 404.
func Path(name string) string { return Prefix + hash + "/" + name }

// Handler serves the files under Prefix. A path with the hash of another
// version of the program is 404: serving today's file there would let browsers
// keep it for ever as that version's.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, Prefix+hash+"/")
		body, found := files[name]
		kind := types[path.Ext(name)]
		if !ok || !found || kind == "" {
			w.Header().Set("Cache-Control", "no-store")
			http.NotFound(w, r)
			return
		}

		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Type", kind)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}
