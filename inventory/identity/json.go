package identity

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// fields are the fields of a JSON object. SCIM ignores the letter case of their names, so they are in lower case.
type fields map[string]json.RawMessage

// A jsonFile is a file of one or many JSON values: SCIM resources and lists, EKS access entries.
type jsonFile struct {
	*file
	decoder   *json.Decoder
	meter     *meter
	resources int // read so far
	known     int // of these, those that were understood
	promised  int // what lists say that they have in all
}

// readJSON reads SCIM 2.0 (RFC 7643, RFC 7644) and the output of "aws eks", one value after another. The lists that
// can be long are read item by item.
func (f *file) readJSON(in *bufio.Reader) error {
	m := &meter{in: in}
	j := &jsonFile{file: f, decoder: json.NewDecoder(m), meter: m}
	for f.err == nil {
		m.left = maxValue
		token, err := j.decoder.Token()
		if errors.Is(err, io.EOF) {
			return j.end()
		}
		if err != nil {
			return j.broken(err)
		}
		switch token {
		case json.Delim('{'):
			err = j.object()
		case json.Delim('['):
			err = j.list()
		default:
			err = fmt.Errorf("byte %d: neither an object nor a list", j.decoder.InputOffset())
		}
		if err != nil {
			return err
		}
	}
	return f.err
}

// broken says where the text stops being JSON. It quotes nothing of it.
func (j *jsonFile) broken(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errTooLong):
		return fmt.Errorf("byte %d: a value is longer than %d MiB", j.decoder.InputOffset(), maxValue>>20)
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("byte %d: it is not JSON, or it is cut off", j.decoder.InputOffset())
	}
	return err
}

// object reads what follows "{" at the top.
func (j *jsonFile) object() error {
	all := fields{}
	for j.decoder.More() {
		j.meter.left = maxValue
		token, err := j.decoder.Token()
		if err != nil {
			return j.broken(err)
		}
		key, _ := token.(string)
		if key = strings.ToLower(key); key == "resources" {
			if err := j.resourceList(); err != nil {
				return err
			}
			all[key] = json.RawMessage("[]")
			continue
		}
		var raw json.RawMessage
		if err := j.decoder.Decode(&raw); err != nil {
			return j.broken(err)
		}
		if all[key] = raw; len(all) > 1000 {
			return fmt.Errorf("byte %d: an object has more than 1000 fields", j.decoder.InputOffset())
		}
	}
	if _, err := j.decoder.Token(); err != nil {
		return j.broken(err)
	}
	j.take(all)
	return j.err
}

func (j *jsonFile) resourceList() error {
	token, err := j.decoder.Token()
	switch {
	case err != nil:
		return j.broken(err)
	case token == nil:
		return nil
	case token != json.Delim('['):
		return fmt.Errorf("byte %d: Resources is not a list", j.decoder.InputOffset())
	}
	return j.list()
}

// list reads what follows "[".
func (j *jsonFile) list() error {
	for j.decoder.More() && j.err == nil {
		j.meter.left = maxValue
		var raw json.RawMessage
		if err := j.decoder.Decode(&raw); err != nil {
			return j.broken(err)
		}
		j.item(raw)
	}
	if j.err != nil {
		return j.err
	}
	if _, err := j.decoder.Token(); err != nil {
		return j.broken(err)
	}
	return nil
}

// item takes in one value of a list.
func (j *jsonFile) item(raw json.RawMessage) {
	var cased map[string]json.RawMessage
	if json.Unmarshal(raw, &cased) != nil || cased == nil {
		j.resources++
		j.odd("it is not an object")
		return
	}
	all := make(fields, len(cased))
	for key, value := range cased {
		all[strings.ToLower(key)] = value
	}
	j.take(all)
}

// take takes in one object of whatever kind.
func (j *jsonFile) take(all fields) {
	if list, ok := all["resources"]; ok {
		j.known++
		var total int
		_ = json.Unmarshal(all["totalresults"], &total) // absent or odd: nothing is promised
		j.promised = max(j.promised, total)
		var items []json.RawMessage
		if json.Unmarshal(list, &items) != nil {
			j.odd("Resources is not a list")
		}
		for _, item := range items {
			j.item(item)
		}
		return
	}
	j.resources++
	if j.takeEKS(all) || j.takeSCIM(all) {
		j.known++
		return
	}
	if all["kind"] != nil && all["apiversion"] != nil {
		j.odd("it is a Kubernetes object: give it with the other manifests")
		return
	}
	j.odd("it is neither a user or group of SCIM nor an access entry of EKS")
}

// odd warns of the object being read.
func (j *jsonFile) odd(reason string) {
	j.warn(0, "object %d of the file is passed over: %s", j.resources, reason)
}

// end checks the file as a whole.
func (j *jsonFile) end() error {
	if j.known == 0 {
		return errors.New("it holds no users or groups of SCIM and no access entries of EKS")
	}
	if j.promised > j.resources {
		j.warn(0, "a list says that there are %d resources, and the file has %d: pages are missing", j.promised, j.resources)
	}
	return j.err
}

// str is a field that is a string or a number; "" otherwise.
func (all fields) str(key string) string {
	return rawString(all[key])
}

func rawString(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
