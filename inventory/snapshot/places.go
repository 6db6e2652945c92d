package snapshot

import "bytes"

// cutPlaces takes the places off the end of a line, where they are when there are any: `…,"places":[1,1,2,3]}`.
// No string holds what stands before them, since quotes in strings are escaped. The rest always ends as it did.
func cutPlaces(line []byte) (rest []byte, places []int, err error) {
	if len(line) == 0 {
		return nil, nil, errNoObject
	}
	before, list, found := bytes.Cut(line, beforePlaces)
	if !found {
		return line, nil, nil
	}
	list, found = bytes.CutSuffix(list, []byte("]}"))
	if !found {
		return nil, nil, errNoObject
	}
	places, ok := integers(list)
	if !ok {
		return nil, nil, errNoObject
	}
	return append(bytes.Clone(before), '}'), places, nil
}

// integers reads integers with commas between them. None is too large for an int, or it is no place.
func integers(text []byte) ([]int, bool) {
	out := make([]int, 0, bytes.Count(text, []byte(","))+1)
	if len(text) == 0 {
		return out, true
	}
	for {
		negative := len(text) > 0 && text[0] == '-'
		if negative {
			text = text[1:]
		}
		n, digits := 0, 0
		for digits < len(text) && text[digits]-'0' <= 9 {
			n = n*10 + int(text[digits]-'0')
			digits++
		}
		if digits == 0 || digits > 18 || digits > 1 && text[0] == '0' {
			return nil, false
		}
		if negative {
			n = -n
		}
		out = append(out, n)
		if text = text[digits:]; len(text) == 0 {
			return out, true
		}
		if text[0] != ',' {
			return nil, false
		}
		text = text[1:]
	}
}
