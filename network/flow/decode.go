package flow

import (
	"bytes"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// maxWrapping is how many envelopes may be around a flow: an entry of a list, in a line of a container, and one more.
const maxWrapping = 4

// A decoder turns records into flows. It belongs to one goroutine.
type decoder struct {
	names *logstream.Interner
	peers *peerCache
	table table // the columns of the file that is read
	emit  func(*Flow)
	flow  Flow
	bad   string // why the flow is broken; "" if it is not

	flows, foreign, undated, lost int64
	skipped                       map[string]int64
	scratch                       [maxWrapping + 1][]byte // unescaped inner texts, one per level of wrapping
	small                         []byte                  // a short unescaped string
}

func newDecoder(emit func(*Flow)) *decoder {
	return &decoder{names: logstream.NewInterner(), peers: newPeerCache(), emit: emit, skipped: map[string]int64{}}
}

// decode reads all flows of a text: JSON values one behind the other, a line of an access log, or a row of a table. It
// returns why the text is broken, "" if it is not.
func (d *decoder) decode(text []byte, level int) (broken string) {
	if level > maxWrapping {
		return "wrapped too often"
	}
	text = bytes.Trim(text, " \t\r\n\x00") // a log rotated by copying and truncating may be padded with NUL
	if len(text) == 0 {
		d.foreign++
		return ""
	}
	if text[0] != '{' && text[0] != '[' || isDated(text) {
		return d.line(text, level)
	}
	for len(text) > 0 {
		n, broken := d.one(text, level)
		if broken != "" {
			return broken
		}
		text = bytes.TrimLeft(text[n:], " \t\r\n\x00")
	}
	return ""
}

// one decodes the first JSON value of a text and returns how long it is.
func (d *decoder) one(text []byte, level int) (length int, broken string) {
	var r record
	r.Reset(text)
	switch text[0] {
	case '{':
		r.read(d)
	case '[':
		r.raw[fList] = r.Value()
	default:
		r.Skip()
	}
	if r.Failed != "" {
		return 0, r.Failed
	}
	return r.Pos, d.record(&r, level)
}

// record tells the formats apart.
func (d *decoder) record(r *record, level int) (broken string) {
	d.flow, d.bad = Flow{}, ""
	switch {
	case r.object(fConnection) && r.has(fDisposition):
		d.gke(r)
	case r.has(fUpstreamCluster) || r.has(fDownstreamRemote):
		d.envoyObject(r)
	case r.text(fTunnelSource) && r.text(fTunnelDestination):
		d.tunnelObject(r)
	case isHubble(r):
		d.hubble(r)
	case isCalico(r):
		d.calico(r)
	case r.object(fLostEvents):
		d.lostEvents(r)
	case r.text(fSource) && (r.text(fDestination) || r.text(fDest)) || r.text(fSrc) && (r.text(fDest) || r.text(fDestination)):
		d.plain(r)
	case r.has(fList):
		return d.each(r.raw[fList], level)
	case r.has(fInner):
		return d.unwrap(r.raw[fInner], level)
	default:
		d.foreign++
	}
	return d.bad
}

// each decodes the items of a list that was already validated. One broken item does not keep the others from being read.
func (d *decoder) each(list []byte, level int) (broken string) {
	var s jsonscan.Scanner
	s.Reset(list)
	for s.Open(); s.Next(']'); {
		item := s.Value()
		if item[0] != '{' && item[0] != '[' {
			d.foreign++
			continue
		}
		if reason := d.decode(item, level+1); reason != "" && broken == "" {
			broken = reason
		}
	}
	return broken
}

// unwrap decodes the text in a string, or the object, that an envelope holds.
func (d *decoder) unwrap(inner []byte, level int) string {
	if level >= maxWrapping {
		return "wrapped too often"
	}
	if inner[0] == '"' {
		d.scratch[level] = jsonscan.Unescape(d.scratch[level][:0], inner[1:len(inner)-1])
		inner = bytes.TrimSpace(d.scratch[level])
		if len(inner) == 0 || inner[0] != '{' && inner[0] != '[' {
			d.foreign++ // what else a container writes
			return ""
		}
	}
	return d.decode(inner, level+1)
}

// line decodes a line that is no JSON.
func (d *decoder) line(text []byte, level int) string {
	if rest := undated(text); rest != nil {
		return d.decode(rest, level+1)
	}
	if rest, ok := bytes.CutPrefix(text, []byte("data:")); ok { // Whisker, asked to watch, sends events
		return d.decode(rest, level+1)
	}
	d.flow, d.bad = Flow{}, ""
	switch {
	case text[0] == '[':
		d.envoyLine(text)
	case d.table.columns != nil:
		d.row(text)
	case isTunnelLine(text):
		d.tunnelLine(text)
	case isEventField(text):
		d.foreign++
	case isDated(append([]byte{'['}, text[:min(len(text), 5)]...)):
		d.foreign++ // a message of the program that writes the log
	default:
		return "neither JSON, nor an access log, nor a table"
	}
	return d.bad
}

// isEventField says whether a line is one of server-sent events that has no data.
func isEventField(line []byte) bool {
	return line[0] == ':' || bytes.HasPrefix(line, []byte("event:")) || bytes.HasPrefix(line, []byte("id:")) ||
		bytes.HasPrefix(line, []byte("retry:"))
}

// isDated says whether a line begins with a date in brackets, as access logs do.
func isDated(line []byte) bool {
	return len(line) >= 6 && line[0] == '[' && isYear(line[1:5]) && line[5] == '-'
}

func isYear(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

// undated returns what is behind the time that container runtimes and kubectl logs --timestamps write before a line, and
// behind "stdout F"; nil if it is neither JSON nor an access log.
func undated(line []byte) []byte {
	if len(line) < 20 || !isYear(line[:4]) || line[4] != '-' {
		return nil
	}
	for range 4 {
		end := bytes.IndexByte(line, ' ')
		if end < 0 || end > 40 {
			return nil
		}
		line = line[end+1:]
		if len(line) > 0 && line[0] == '{' || isDated(line) {
			return line
		}
	}
	return nil
}

// fail notes why the flow is broken; the first reason counts.
func (d *decoder) fail(reason string) {
	if d.bad == "" {
		d.bad = reason
	}
}

func (d *decoder) skip(reason string) { d.skipped[reason]++ }

// send passes the flow on, unless it is broken or says nothing that policies are about.
func (d *decoder) send() {
	f := &d.flow
	switch {
	case d.bad != "":
		return
	case !f.Source.Known() && !f.Destination.Known() && f.Service.Name == "":
		d.skip("neither end is named")
		return
	case f.Protocol == "":
		d.skip("a protocol that policies do not know")
		return
	case f.Port == 0 && f.Protocol.HasPorts() && f.Service == (Service{}):
		d.fail("no destination port")
		return
	}
	if f.Verdict == "" {
		f.Verdict = VerdictUnknown
	}
	if f.Orientation == "" {
		f.Orientation = ByLog
	}
	if f.First.IsZero() {
		d.undated++
	}
	d.flows++
	d.emit(f)
}
