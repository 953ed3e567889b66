package files

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// unpacked is a file's name without the ending of a packing.
func unpacked(name string) string {
	for _, ext := range packings {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// entries lists the files of a tree, and its folders that are a case each.
// Where all is in one folder, that is the tree.
func (s *source) entries() (names, cases []string, err error) {
	dir := "."
	for range 4 {
		names, cases = nil, nil
		all, err := fs.ReadDir(s.tree, dir)
		if err != nil {
			return nil, nil, unreadable(s.path, err)
		}
		if len(all) > maxFiles {
			return nil, nil, problem(s.path, 0, "more than %d files are in it", maxFiles)
		}
		for _, e := range all {
			name := path.Join(dir, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), "."), e.Name() == "__MACOSX":
			case e.IsDir():
				cases = append(cases, name)
			default:
				names = append(names, name)
			}
		}
		if len(names) > 0 || len(cases) != 1 || s.caseFile(cases[0]) != "" {
			break
		}
		dir = cases[0]
	}

	return names, cases, nil
}

// caseFile is the file of a case that holds the cleaned page: expected.html, or
// the only HTML that is not the source.
func (s *source) caseFile(dir string) string {
	all, _ := fs.ReadDir(s.tree, dir)
	var pages []string
	for _, e := range all {
		if e.Name() == "expected.html" {
			return path.Join(dir, e.Name())
		}
		if slices.Contains(pageEnds, path.Ext(unpacked(e.Name()))) && e.Name() != "source.html" {
			pages = append(pages, e.Name())
		}
	}
	if len(pages) != 1 {
		return ""
	}

	return path.Join(dir, pages[0])
}

// list keeps the files that are of a format.
func (s *source) list(f Format) error {
	names, cases, err := s.entries()
	if err != nil {
		return err
	}
	s.names = nil
	if f.shape == byCase {
		for _, c := range cases {
			if name := s.caseFile(c); name != "" {
				s.names = append(s.names, name)
			}
		}
		if len(s.names) == 0 {
			return problem(s.path, 0, "no folder with an expected.html, or with one other HTML file, is in it, and no .txt, .html, .csv or .json file of a format that is known")
		}
		return nil
	}
	for _, name := range names {
		if slices.Contains(f.ends, path.Ext(unpacked(strings.ToLower(name)))) {
			s.names = append(s.names, name)
		}
	}
	if len(s.names) == 0 {
		return problem(s.path, 0, "no %s file is in it", strings.Join(f.ends, " or "))
	}

	return nil
}
