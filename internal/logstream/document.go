package logstream

import (
	"bytes"
	"context"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
)

// A splitter cuts documents whose values span lines into items, without holding more than one item: the elements of an
// array, of the list of an EventList or of a cloud's envelope, or whole objects that stand one behind the other. It only
// counts brackets and strings; the workers validate the items. When it loses its way, it goes on at the next line.
type splitter struct {
	f       *feeder
	ctx     context.Context
	s       *source
	b       *batch
	buf     []byte
	pos     int
	keep    int  // where the value begins that is to be kept; -1 when none is
	line    int  // of counted
	counted int  // up to where line breaks have been counted
	lost    bool // an error has been reported and no item found since
	end     bool
	err     error // of ctx
}

// document hands out the items of documents.
func (f *feeder) document(ctx context.Context, s *source) error {
	p := &splitter{f: f, ctx: ctx, s: s, keep: -1, line: 1}
	for c := p.peek(); c != 0; c = p.peek() {
		switch c {
		case '{':
			p.root()
		case '[':
			p.pos++
			p.array()
		default:
			p.astray("neither an object nor a list")
		}
	}
	p.flush()
	if p.err != nil {
		return p.err
	}
	return s.failure()
}

// more reads on. It returns false at the end. Positions move when it does: only pos, keep and counted stay right.
func (p *splitter) more() bool {
	if p.end {
		return false
	}
	from := p.pos
	if p.keep >= 0 {
		if len(p.buf)-p.keep > p.f.options.MaxLine {
			p.keep = -1
		} else {
			from = p.keep
		}
	}
	p.count(from)
	kept := copy(p.buf, p.buf[from:])
	p.buf = p.buf[:kept]
	p.pos -= from
	p.counted -= from
	if p.keep >= 0 {
		p.keep -= from
	}
	if cap(p.buf)-kept < batchSize/2 {
		p.buf = append(make([]byte, 0, 2*kept+batchSize), p.buf...)
	}
	n := p.s.fill(p.buf[kept : kept+batchSize/2])
	p.buf = p.buf[:kept+n]
	p.end = n == 0
	return n > 0
}

// count counts line breaks up to a position.
func (p *splitter) count(to int) {
	if to > p.counted {
		p.line += bytes.Count(p.buf[p.counted:to], []byte{'\n'})
		p.counted = to
	}
}

// peek returns the first byte of the next token, 0 at the end.
func (p *splitter) peek() byte {
	for {
		for ; p.pos < len(p.buf); p.pos++ {
			if c := p.buf[p.pos]; c > ' ' {
				return c
			}
		}
		if !p.more() {
			return 0
		}
	}
}

// astray reports that something is broken, once until the next item, and goes to the next line.
func (p *splitter) astray(reason string) {
	if !p.lost {
		p.count(min(p.pos, len(p.buf)))
		p.f.reject(p.line, reason)
		p.lost = true
	}
	p.keep = -1
	for {
		if i := bytes.IndexByte(p.buf[p.pos:], '\n'); i >= 0 {
			p.pos += i + 1
			return
		}
		p.pos = len(p.buf)
		if !p.more() {
			return
		}
	}
}

// array hands out the elements of the array that begins before pos.
func (p *splitter) array() {
	for c := p.peek(); c != 0; c = p.peek() {
		switch c {
		case ']':
			p.pos++
			return
		case ',':
			p.pos++
		case '}', ':':
			p.astray("a list is broken")
			return
		default:
			if p.lost && c != '{' {
				p.astray("") // the rest of what was broken
				continue
			}
			p.keep = p.pos
			if !p.value() {
				p.astray("an item of a list is broken")
				continue
			}
			p.item()
		}
	}
	p.astray("cut off")
}

// root hands out the object at pos, or the items of its list.
func (p *splitter) root() {
	p.keep = p.pos
	p.pos++
	streamed := false
	for c := p.peek(); c != 0; c = p.peek() {
		switch c {
		case '}':
			p.pos++
			if !streamed {
				p.item()
			}
			p.keep = -1
			return
		case ',':
			p.pos++
		case '"':
			isList, ok := p.key()
			if !ok {
				p.astray("a key is broken")
				return
			}
			if isList && p.peek() == '[' {
				streamed, p.keep = true, -1
				p.pos++
				p.array()
			} else if !p.value() {
				p.astray("a value is broken")
				return
			}
		default:
			p.astray("a key is missing")
			return
		}
	}
	p.astray("cut off")
}

// longestList is how long the keys of Options.Lists may be, with their quotes.
const longestList = 16

// key reads a key and its colon, and says whether a list of items may follow.
func (p *splitter) key() (isList, ok bool) {
	for len(p.buf)-p.pos < longestList && p.more() {
		continue
	}
	for _, key := range p.f.lists {
		isList = isList || bytes.HasPrefix(p.buf[p.pos:], key)
	}
	if !p.text() || p.peek() != ':' {
		return false, false
	}
	p.pos++
	return isList, true
}

// text moves behind the string at pos. It returns false when the string does not end, or holds a line break.
func (p *splitter) text() bool {
	p.pos++
	for {
		i := jsonscan.PlainEnd(p.buf, p.pos)
		p.pos = i
		if i >= len(p.buf) || p.buf[i] == '\\' && i+1 >= len(p.buf) {
			if !p.more() {
				p.pos = len(p.buf)
				return false
			}
			continue
		}
		switch p.buf[i] {
		case '"':
			p.pos++
			return true
		case '\\':
			p.pos += 2
		default:
			return false
		}
	}
}

// value moves behind the value at pos. It returns false when that has no end.
func (p *splitter) value() bool {
	for depth := 0; ; {
		switch c := p.peek(); c {
		case 0:
			return false
		case '"':
			if !p.text() {
				return false
			}
		case '{', '[':
			p.pos++
			depth++
		case '}', ']':
			if depth == 0 {
				return false
			}
			p.pos++
			depth--
		case ',', ':':
			if depth == 0 {
				return false
			}
			p.pos++
			continue
		default:
			p.word()
		}
		if depth == 0 {
			return true
		}
	}
}

// word moves behind a number or a literal.
func (p *splitter) word() {
	for {
		for ; p.pos < len(p.buf); p.pos++ {
			switch c := p.buf[p.pos]; c {
			case ' ', '\t', '\n', '\r', ',', ':', '"', '{', '}', '[', ']':
				return
			}
		}
		if !p.more() {
			return
		}
	}
}

// item hands out the kept value, which ends at pos.
func (p *splitter) item() {
	if p.keep < 0 || p.pos-p.keep > p.f.options.MaxLine {
		p.count(p.pos)
		p.f.reject(p.line, lineTooLong)
		p.keep = -1
		return
	}
	p.lost = false
	if p.b != nil && len(p.b.data)+p.pos-p.keep > batchSize {
		p.flush()
	}
	if p.b == nil {
		if p.b, p.err = p.f.take(p.ctx); p.err != nil {
			p.b, p.end, p.keep = nil, true, -1
			p.pos = len(p.buf)
			return
		}
	}
	p.count(p.keep)
	start := len(p.b.data)
	p.b.data = append(p.b.data, p.buf[p.keep:p.pos]...)
	p.b.items = append(p.b.items, item{start: start, end: len(p.b.data), line: p.line})
	p.keep = -1
}

// flush hands out the batch.
func (p *splitter) flush() {
	if p.b != nil {
		p.f.full <- p.b
		p.b = nil
	}
}
