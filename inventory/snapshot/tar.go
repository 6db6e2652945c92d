package snapshot

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const block = 512

// tarHeader is the only header that a member of this name and size may have.
func tarHeader(name string, size int64) ([]byte, error) {
	var out bytes.Buffer
	err := tar.NewWriter(&out).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, Format: tar.FormatUSTAR})
	return out.Bytes(), err
}

func padding(size int64) int { return int(-size & (block - 1)) }

// writeMember writes one member and the zeros that fill its last block.
func writeMember(w io.Writer, name string, content []byte) error {
	head, err := tarHeader(name, int64(len(content)))
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head, content, make([]byte, padding(int64(len(content))))} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// nextMember reads a member, whose name must be one of the given.
func nextMember(r io.Reader, names ...string) (name string, content []byte, err error) {
	var head [block]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", nil, tooEarly(err)
	}
	parsed, err := tar.NewReader(bytes.NewReader(head[:])).Next()
	if err != nil {
		return "", nil, errors.New("a member's header is broken")
	}
	for _, want := range names {
		if parsed.Name == want {
			name = want
		}
	}
	if name == "" {
		return "", nil, fmt.Errorf("member %q does not belong here", parsed.Name)
	}
	if parsed.Size < 0 || parsed.Size > maxText {
		return "", nil, fmt.Errorf("%s is too large: %d bytes", short(name), parsed.Size)
	}
	if want, err := tarHeader(name, parsed.Size); err != nil || !bytes.Equal(head[:], want) {
		return "", nil, fmt.Errorf("the header of %s was changed", short(name))
	}
	content, err = readSize(r, parsed.Size)
	if err != nil {
		return "", nil, err
	}
	return name, content, zeros(r, padding(parsed.Size))
}

// readSize reads exactly size bytes and takes memory only as they come.
func readSize(r io.Reader, size int64) ([]byte, error) {
	var out bytes.Buffer
	if _, err := io.CopyN(&out, r, size); err != nil {
		return nil, tooEarly(err)
	}
	return out.Bytes(), nil
}

// zeros reads n bytes, which must be zero.
func zeros(r io.Reader, n int) error {
	pad := make([]byte, n)
	if _, err := io.ReadFull(r, pad); err != nil {
		return tooEarly(err)
	}
	if len(bytes.Trim(pad, "\x00")) > 0 {
		return errors.New("there is something between the members")
	}
	return nil
}

// end reads the two empty blocks that end a tar file, after which nothing may follow.
func end(r io.Reader) error {
	if err := zeros(r, 2*block); err != nil {
		return err
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err == nil {
		return errors.New("something follows the end")
	} else if err != io.EOF {
		return err
	}
	return nil
}

func tooEarly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}
