package logstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// maxNesting is how often a log may be compressed: logs that were rotated and then archived.
	maxNesting = 2
	// A log that grows beyond maxRatio when it is decompressed, and to more than bombFloor, is a bomb and is left. Audit
	// ids alone, which cannot be compressed, keep real logs far from it.
	maxRatio  = 1000
	bombFloor = 256 << 20
	// maxWindow bounds the memory that zstd may ask for; zstd itself goes to 8 MiB unless told.
	maxWindow = 32 << 20
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// A meter counts the bytes that pass, until ctx is done.
type meter struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// A guard ends a stream that grows out of all proportion to what it is made from.
type guard struct {
	r    io.Reader
	from *meter
	n    int64
}

var errBomb = fmt.Errorf("decompressed to more than %d times its size", maxRatio)

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	if g.n > bombFloor && g.n/maxRatio > g.from.n {
		return n, errBomb
	}
	return n, err
}

// decompress returns the text of a log that may be compressed with gzip or zstd, by its content. Members behind one
// another are one text. Close what it returns.
func decompress(from *meter) (io.Reader, func(), error) {
	var r io.Reader = from
	var closers []func()
	closeAll := func() {
		for _, c := range closers {
			c()
		}
	}
	for nesting := 0; ; nesting++ {
		head := make([]byte, 4)
		n, err := io.ReadFull(r, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			closeAll()
			return nil, nil, err
		}
		head = head[:n]
		whole := io.MultiReader(bytes.NewReader(head), r)
		isGzip, isZstd := bytes.HasPrefix(head, gzipMagic), isZstd(head)
		if !isGzip && !isZstd {
			return &guard{r: whole, from: from}, closeAll, nil
		}
		if nesting == maxNesting {
			closeAll()
			return nil, nil, errors.New("compressed more than twice")
		}
		if isGzip {
			z, err := gzip.NewReader(whole)
			if err != nil {
				closeAll()
				return nil, nil, fmt.Errorf("decompress gzip: %w", err)
			}
			r = z
			continue
		}
		z, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("decompress zstd: %w", err)
		}
		closers = append(closers, z.Close)
		r = z
	}
}

// isZstd knows the beginning of frames, also of those that are to be skipped.
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, zstdMagic) ||
		len(head) == 4 && head[0]&0xf0 == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18
}
