package flow

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
)

// unescaped holds until the next call.
func (d *decoder) unescaped(raw []byte) []byte {
	d.small = jsonscan.Unescape(d.small[:0], raw)
	return d.small
}

// str reads a string; what is not there is "".
func (d *decoder) str(raw []byte, name string) string {
	if len(raw) == 0 || raw[0] == 'n' {
		return ""
	}
	if raw[0] != '"' {
		d.fail(name + " is no string")
		return ""
	}
	return d.inner(raw[1 : len(raw)-1])
}

// inner reads what is between the quotes of a string.
func (d *decoder) inner(raw []byte) string {
	for _, c := range raw {
		if c == '\\' || c >= 0x80 {
			return d.names.Intern(d.unescaped(raw))
		}
	}
	return d.names.Intern(raw)
}

// strs reads a list of strings, and one string as a list.
func (d *decoder) strs(raw []byte, name string) []string {
	if len(raw) == 0 || raw[0] == 'n' {
		return nil
	}
	if raw[0] == '"' {
		return []string{d.str(raw, name)}
	}
	if raw[0] != '[' {
		d.fail(name + " is no list")
		return nil
	}
	var out []string
	var s jsonscan.Scanner
	s.Reset(raw)
	for s.Open(); s.Next(']'); {
		if text := d.str(s.Value(), name); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// each member of an object, as written; what is not there, or null, has none.
func (d *decoder) members(raw []byte, name string, yield func(key string, value []byte)) {
	if len(raw) == 0 || raw[0] == 'n' {
		return
	}
	if raw[0] != '{' {
		d.fail(name + " is no object")
		return
	}
	var s jsonscan.Scanner
	s.Reset(raw)
	for s.Open(); s.Next('}'); {
		key, _ := s.Key()
		text := d.inner(key)
		yield(text, s.Value())
	}
}

// number reads a whole number that is not negative, also one in a string, as protobuf writes large ones.
func (d *decoder) number(raw []byte, name string) int64 {
	if len(raw) >= 2 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) == 0 || raw[0] == 'n' || string(raw) == "-" {
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		d.fail(name + " is no whole number")
		return 0
	}
	return n
}

// port reads a port; 0 stands for none.
func (d *decoder) port(raw []byte) uint16 {
	n := d.number(raw, "port")
	if n > 65535 {
		d.fail("port is beyond 65535")
		return 0
	}
	return uint16(n)
}

// address reads an address, or none. A zone, which means something on one node only, is left out.
func (d *decoder) address(text string) netip.Prefix {
	if text == "" || text == "-" {
		return netip.Prefix{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		d.fail("address is no IP")
		return netip.Prefix{}
	}
	return single(a)
}

// single is the network of one address.
func single(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}

// protocolOf knows names and numbers of protocols, as logs write them.
func protocolOf(text string) (p Protocol, known bool) {
	switch text {
	case "TCP", "tcp", "6":
		return TCP, true
	case "UDP", "udp", "17":
		return UDP, true
	case "SCTP", "sctp", "132":
		return SCTP, true
	case "ICMP", "icmp", "1", "ICMPv4", "ICMPV4":
		return ICMP, true
	case "ICMPv6", "ICMPV6", "icmp6", "ICMP6", "58":
		return ICMPv6, true
	}
	if upper := strings.ToUpper(text); upper != text {
		return protocolOf(upper)
	}
	return "", text == "" || isNumber(text) || text == "IPIP" || text == "ESP" || text == "AH" || text == "GRE" || text == "IGMP" ||
		text == "VRRP" || text == "UDPLITE" || text == "DCCP"
}

func isNumber(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 0 && n <= 255
}

// protocol reads a protocol. It is "" for those that policies do not know.
func (d *decoder) protocol(text string) Protocol {
	p, known := protocolOf(text)
	if !known {
		d.fail("unknown protocol")
	}
	return p
}

// timeText reads a time: RFC 3339, with a space for the T, or seconds since 1970, or thousandths, millionths and billionths
// of them.
func (d *decoder) timeText(text []byte) time.Time {
	var t time.Time
	if len(text) == 0 || string(text) == "-" {
		return t
	}
	if t.UnmarshalText(text) == nil {
		return t.UTC()
	}
	whole, _, _ := strings.Cut(string(text), ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && n >= 0 {
		return unixTime(n)
	}
	if t, err := time.Parse("2006-01-02 15:04:05.999999999", string(text)); err == nil {
		return t
	}
	if t, err := time.Parse("2006-01-02 15:04:05.999999999Z07:00", string(text)); err == nil {
		return t.UTC()
	}
	d.fail("time is no time")
	return time.Time{}
}

// unixTime tells by its size in what a time is counted. Zero is no time.
func unixTime(n int64) time.Time {
	switch {
	case n == 0:
		return time.Time{}
	case n < 1e11:
		return time.Unix(n, 0).UTC()
	case n < 1e14:
		return time.UnixMilli(n).UTC()
	case n < 1e17:
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(0, n).UTC()
}

// time reads a time from JSON.
func (d *decoder) time(raw []byte) time.Time {
	if len(raw) >= 2 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	return d.timeText(raw)
}
