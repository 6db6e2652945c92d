package manifest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
)

const (
	maxArchive   = 20 << 20  // bytes of a chart archive
	maxUnpacked  = 100 << 20 // bytes of all its files
	maxMember    = 10 << 20  // bytes of one file
	maxSubcharts = 5         // archives in archives
	maxRatio     = 200       // unpacked to packed; text packs to a tenth, a bomb to a thousandth
)

var driveName = regexp.MustCompile(`^[A-Za-z]:`)

// archiveFiles unpacks a chart archive in memory. An archive with a member that points outside, a link, or more than
// the limits allow is refused as a whole: nobody packs such a chart by accident. One without Chart.yaml is errNoChart.
func archiveFiles(t *tree, name string) (files []*archive.BufferedFile, gaps []string, err error) {
	packed, err := t.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	if len(packed) > maxArchive {
		return nil, nil, fmt.Errorf("the archive has more than %d bytes", maxArchive)
	}
	files, err = unpack(packed)
	if err != nil {
		return nil, nil, fmt.Errorf("unpack the archive: %w", err)
	}
	if !slices.ContainsFunc(files, func(f *archive.BufferedFile) bool { return f.Name == "Chart.yaml" }) {
		return nil, nil, errNoChart
	}
	return files, nil, nil
}

// checkSubcharts looks into the subcharts that are archives themselves before Helm unpacks them.
func checkSubcharts(files []*archive.BufferedFile, depth int) error {
	for _, f := range files {
		if !strings.HasPrefix(f.Name, "charts/") || !isArchiveName(f.Name) {
			continue
		}
		if depth > maxSubcharts {
			return fmt.Errorf("unpack %s: archives nest too deep", f.Name)
		}
		inner, err := unpack(f.Data)
		if err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
		if err := checkSubcharts(inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// unpack reads a gzipped tar file. Names lose their first element, the chart's folder.
func unpack(packed []byte) ([]*archive.BufferedFile, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("this is no gzip file")
	}
	limit := min(int64(maxUnpacked), max(int64(len(packed))*maxRatio, 1<<20))
	counted := &countingReader{from: unzipped, left: limit}
	members := tar.NewReader(counted)
	var files []*archive.BufferedFile
	for {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, unpackError(err, counted)
		}
		if header.FileInfo().IsDir() || header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name, err := memberName(header)
		if err != nil {
			return nil, err
		}
		if len(files) >= maxChartFiles {
			return nil, fmt.Errorf("it has more than %d files", maxChartFiles)
		}
		data, err := io.ReadAll(members)
		if err != nil {
			return nil, unpackError(err, counted)
		}
		files = append(files, &archive.BufferedFile{Name: name, Data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))})
	}
}

// memberName checks a member and gives its name in the chart.
func memberName(header *tar.Header) (string, error) {
	name := strings.ReplaceAll(header.Name, `\`, "/") // packed on Windows
	shown := name
	if len(shown) > 100 {
		shown = shown[:100] + "…"
	}
	switch {
	case header.Typeflag == tar.TypeSymlink || header.Typeflag == tar.TypeLink:
		return "", fmt.Errorf("the member %q is a link", shown)
	case header.Typeflag != tar.TypeReg:
		return "", fmt.Errorf("the member %q is no regular file", shown)
	case strings.HasPrefix(name, "/") || driveName.MatchString(name):
		return "", fmt.Errorf("the member %q has an absolute path", shown)
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", fmt.Errorf("the member %q points outside the archive", shown)
	case header.Size > maxMember:
		return "", fmt.Errorf("the member %q has more than %d bytes", shown, maxMember)
	}
	_, rest, ok := strings.Cut(path.Clean(name), "/")
	if !ok || strings.HasPrefix(rest, "/") || driveName.MatchString(rest) {
		return "", fmt.Errorf("the member %q lies outside the chart's folder", shown)
	}
	return rest, nil
}

// A countingReader ends with an error when too much was read.
type countingReader struct {
	from io.Reader
	left int64
}

var errUnpacked = errors.New("it unpacks to too many bytes")

func (r *countingReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errUnpacked
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

func unpackError(err error, counted *countingReader) error {
	if counted.left <= 0 {
		return errUnpacked
	}
	return fmt.Errorf("it is damaged: %w", err)
}
