package flow

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/logstream"
)

// A table has a flow on each line, with commas, semicolons or tabs between its columns. The first line may name them, in any
// order; other columns are left. Without names they are source, destination, port, protocol, time and count. Values with a
// separator in them are quoted as in RFC 4180; none holds a line break.
type table struct {
	input   int
	read    bool
	header  []byte // the line with the names; nil if there is none
	comma   byte
	columns []column // nil if the log is no table
	cells   [][]byte
}

// A column of a table.
type column int

// The columns.
const (
	otherColumn column = iota
	sourceColumn
	destinationColumn
	portColumn
	protocolColumn
	timeColumn
	lastColumn
	countColumn
	bytesColumn
	verdictColumn
)

var withoutNames = []column{sourceColumn, destinationColumn, portColumn, protocolColumn, timeColumn, countColumn}

func columnOf(name string) column {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "source", "src":
		return sourceColumn
	case "destination", "dest", "dst":
		return destinationColumn
	case "port", "destination_port", "dest_port", "dst_port":
		return portColumn
	case "protocol", "proto":
		return protocolColumn
	case "time", "timestamp", "first_seen":
		return timeColumn
	case "last_seen":
		return lastColumn
	case "count":
		return countColumn
	case "bytes":
		return bytesColumn
	case "verdict", "action":
		return verdictColumn
	}
	return otherColumn
}

// of looks at the first line of a log when that changes.
func (t *table) of(at *logstream.Place) {
	if t.read && t.input == at.Input {
		return
	}
	*t = table{input: at.Input, read: true, cells: t.cells}
	head := at.Head
	if len(head) == 0 || head[0] == '{' || head[0] == '[' {
		return
	}
	for _, comma := range []byte{',', ';', '\t'} {
		t.comma = comma
		if !t.split(head) || len(t.cells) < 3 {
			continue
		}
		columns := make([]column, len(t.cells))
		var ends int
		for i, cell := range t.cells {
			columns[i] = columnOf(string(cell))
			if columns[i] == sourceColumn || columns[i] == destinationColumn {
				ends++
			}
		}
		if ends == 2 {
			t.columns, t.header = columns, head
			return
		}
		if isRow(t.cells) {
			t.columns = withoutNames
			return
		}
	}
}

// isRow says whether the first line of a table without names can be a flow.
func isRow(cells [][]byte) bool {
	d := &decoder{}
	d.port(bytes.TrimSpace(cells[2]))
	if len(cells) > 3 {
		d.protocol(string(bytes.TrimSpace(cells[3])))
	}
	return d.bad == "" && len(cells[0]) > 0 && len(cells[1]) > 0
}

// split cuts a line into cells. It returns false when a quote has no end.
func (t *table) split(line []byte) bool {
	t.cells = t.cells[:0]
	for {
		if len(line) > 0 && line[0] == '"' {
			cell, rest, ok := quoted(line)
			if !ok || len(rest) > 0 && rest[0] != t.comma {
				return false
			}
			t.cells = append(t.cells, cell)
			if len(rest) == 0 {
				return true
			}
			line = rest[1:]
			continue
		}
		cell, rest, more := bytes.Cut(line, []byte{t.comma})
		t.cells = append(t.cells, bytes.TrimSpace(cell))
		if !more {
			return true
		}
		line = rest
	}
}

// quoted reads a quoted cell; two quotes in it are one.
func quoted(line []byte) (cell, rest []byte, ok bool) {
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] != '"':
			cell = append(cell, line[i])
		case i+1 < len(line) && line[i+1] == '"':
			cell = append(cell, '"')
			i++
		default:
			return cell, line[i+1:], true
		}
	}
	return nil, nil, false
}

// row reads a line of a table.
func (d *decoder) row(line []byte) {
	t := &d.table
	switch {
	case line[0] == '#':
		d.foreign++
		return
	case t.header != nil && bytes.Equal(line, t.header):
		return
	case !t.split(line):
		d.fail("a quote has no end")
		return
	}
	f := &d.flow
	f.Shape, f.Protocol, f.Verdict = PlainTable, TCP, Forwarded
	for i, c := range t.columns {
		if i >= len(t.cells) {
			break
		}
		cell := t.cells[i]
		switch c {
		case sourceColumn:
			f.Source = d.plainPeer(string(cell))
		case destinationColumn:
			f.Destination = d.plainDestination(string(cell))
		case portColumn:
			f.Port = d.port(cell)
		case protocolColumn:
			d.plainProtocol(string(cell))
		case timeColumn:
			f.First = d.timeText(cell)
		case lastColumn:
			f.Last = d.timeText(cell)
		case countColumn:
			f.Count = d.number(cell, "count")
		case bytesColumn:
			f.Bytes = d.number(cell, "bytes")
		case verdictColumn:
			f.Verdict = plainVerdict(string(cell))
		}
	}
	d.plainSend()
}

// plain reads an object whose keys are named as the columns of a table.
func (d *decoder) plain(r *record) {
	f := &d.flow
	f.Shape, f.Protocol = PlainObjects, TCP
	f.Source = d.plainPeer(d.str(firstOf(r, fSource, fSrc), "source"))
	f.Destination = d.plainDestination(d.str(firstOf(r, fDestination, fDest), "destination"))
	f.Port = d.port(firstOf(r, fPort, fDestPort))
	if protocol := r.raw[fProtocol]; len(protocol) > 0 && protocol[0] != '"' {
		d.plainProtocol(string(protocol))
	} else {
		d.plainProtocol(d.str(protocol, "protocol"))
	}
	f.First, f.Last = d.time(firstOf(r, fTime, fTimestamp)), d.time(r.raw[fLastSeen])
	f.Count = d.number(r.raw[fCount], "count")
	f.Bytes = d.number(r.raw[fBytes], "bytes")
	f.Verdict = plainVerdict(d.str(firstOf(r, fVerdict, fAction), "verdict"))
	d.plainSend()
}

func firstOf(r *record, fields ...field) []byte {
	for _, f := range fields {
		if r.has(f) {
			return r.raw[f]
		}
	}
	return nil
}

func (d *decoder) plainSend() {
	f := &d.flow
	if d.bad == "" && (!f.Source.Known() || !f.Destination.Known() && f.Service.Name == "") {
		d.fail("source or destination is missing")
	}
	if f.Service.Name != "" {
		f.Service.Port, f.Port = f.Port, 0 // who names a Service means its port
	}
	d.send()
}

// plainProtocol reads a protocol. Where there is none it is TCP, as in a NetworkPolicy.
func (d *decoder) plainProtocol(text string) {
	if text != "" && text != "-" {
		d.flow.Protocol = d.protocol(text)
	}
}

// plainVerdict knows the words of all products. A table that says nothing has flows that took place.
func plainVerdict(text string) Verdict {
	switch strings.ToLower(text) {
	case "", "forwarded", "allow", "allowed", "accept", "permit":
		return Forwarded
	case "denied", "deny", "drop", "dropped", "reject":
		return Denied
	}
	return VerdictUnknown
}

// plainPeer reads an end: NAMESPACE/NAME of a pod or workload, NAMESPACE/KIND/NAME, an address, a network, one of the
// identities, or the name of a host.
func (d *decoder) plainPeer(text string) Peer {
	text = d.names.Intern([]byte(strings.TrimSpace(text)))
	if text == "" || text == "-" {
		return Peer{}
	}
	if p, ok := plainAddress(text); ok {
		return p
	}
	parts := strings.Split(text, "/")
	for _, part := range parts {
		if part == "" {
			d.fail("an end is neither namespace/name, namespace/kind/name, an address nor a name")
			return Peer{}
		}
	}
	switch len(parts) {
	case 3:
		if strings.EqualFold(parts[1], "pod") {
			return Peer{Namespace: parts[0], Pod: parts[2]}
		}
		return Peer{Namespace: parts[0], Workload: Workload{Kind: parts[1], Name: parts[2]}}
	case 2:
		return Peer{Namespace: parts[0], Workload: Workload{Name: parts[1]}}
	case 1:
		if id := reserved(text); id != "" {
			return Peer{Identity: id}
		}
		return Peer{Names: []string{text}}
	}
	d.fail("an end is neither namespace/name, namespace/kind/name, an address nor a name")
	return Peer{}
}

// plainAddress reads an address or a network. Bits behind the length of a network count for nothing.
func plainAddress(text string) (Peer, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return Peer{Address: single(a)}, true
	}
	if n, err := netip.ParsePrefix(text); err == nil {
		return Peer{Address: n.Masked()}, true
	}
	return Peer{}, false
}

// plainDestination also knows the names of Services: NAME.NAMESPACE.svc and what comes behind, and NAMESPACE/service/NAME.
func (d *decoder) plainDestination(text string) Peer {
	p := d.plainPeer(text)
	switch {
	case len(p.Names) == 1:
		parts := strings.SplitN(p.Names[0], ".", 4)
		if len(parts) >= 3 && parts[2] == "svc" {
			d.flow.Service.Name, d.flow.Service.Namespace = parts[0], parts[1]
			return Peer{}
		}
	case strings.EqualFold(p.Workload.Kind, "service"), strings.EqualFold(p.Workload.Kind, "svc"):
		d.flow.Service.Name, d.flow.Service.Namespace = p.Workload.Name, p.Namespace
		return Peer{}
	}
	return p
}
