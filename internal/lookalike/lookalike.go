// Package lookalike finds names that read like other names: letters of other scripts ("аdmin" with a Cyrillic а),
// invisible characters and characters that turn the direction of the text. Kubernetes compares names byte by byte, so
// such a name is another subject, whatever a reviewer sees.
//
// It follows the ideas of Unicode Technical Standard 39 (skeletons, mixed scripts), with a table of its own that holds
// what reads like ASCII, which is what the names of Kubernetes are made of.
package lookalike

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Of says whether a name is made to be misread, and why, as one sentence without a final dot: "its letters are of the
// scripts Cyrillic and Latin in one word". A name that is honestly written in any one script is not suspicious, nor
// is a name of several such words ("oidc:иван"). The reason quotes no part of the name but code points.
func Of(name string) (reason string, suspicious bool) {
	if isPlain(name) {
		return "", false
	}
	if !utf8.ValidString(name) {
		return "it is not valid UTF-8", true
	}
	for _, r := range name {
		if reason := strange(r); reason != "" {
			return fmt.Sprintf("it has %U, %s", r, reason), true
		}
	}
	for word := range strings.FieldsFuncSeq(name, isBetweenWords) {
		if mixed := scripts(word); len(mixed) > 1 && !allowed(mixed) {
			return "its letters are of the scripts " + strings.Join(mixed, " and ") + " in one word", true
		}
	}
	if script := disguise(name); script != "" {
		return "every letter of the script " + script + " in it reads like a Latin one", true
	}
	return "", false
}

// isPlain says whether the name is printable ASCII, as nearly all are.
func isPlain(name string) bool {
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return false
		}
	}
	return true
}

// strange says what is wrong with a character wherever it stands; "" for nothing.
func strange(r rune) string {
	switch {
	case r < 0x80 && !unicode.IsControl(r):
		return ""
	case unicode.Is(unicode.Bidi_Control, r):
		return "which turns the direction of the text"
	case unicode.IsControl(r):
		return "a control character"
	case isInvisible(r):
		return "which is invisible"
	case unicode.IsSpace(r):
		return "an unusual space"
	case r == utf8.RuneError:
		return "which stands for broken text"
	case isStyled(r):
		return "a styled form of an ASCII letter or digit"
	case strings.ContainsRune(":/@", prototype(r)):
		return fmt.Sprintf("which reads like %q", prototype(r))
	}
	return ""
}

// isInvisible says whether a character takes no room: format characters, fillers, variation selectors.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func isBetweenWords(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}

// scripts names the scripts of the letters of a word, in the order of the alphabet.
func scripts(word string) []string {
	found := map[string]bool{}
	for _, r := range word {
		if name := script(r); name != "" {
			found[name] = true
		}
	}
	names := make([]string, 0, len(found))
	for _, name := range common {
		if found[name] {
			names = append(names, name)
			delete(found, name)
		}
	}
	if len(found) > 0 {
		names = append(names, "others")
	}
	return names
}

// common are the scripts that are told by name. A rarer one is looked up only when none of them fits.
var common = [...]string{
	"Arabic", "Armenian", "Bopomofo", "Cherokee", "Coptic", "Cyrillic", "Deseret", "Devanagari", "Georgian", "Greek", "Han", "Hangul",
	"Hebrew", "Hiragana", "Katakana", "Latin", "Lisu", "Thai",
}

// script is the script of a character; "" for those that several scripts share.
func script(r rune) string {
	if r < 0x80 {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	if !unicode.IsLetter(r) || unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for _, name := range common {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

// allowed says whether these scripts stand together in honest words: Japanese, Korean and Chinese do, and all three
// take in Latin letters (the "highly restrictive" level of the standard).
func allowed(mixed []string) bool {
	for _, set := range []string{"Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul"} {
		fits := true
		for _, name := range mixed {
			fits = fits && strings.Contains(set, name)
		}
		if fits {
			return true
		}
	}
	return false
}

// disguise names the script whose letters all read like ASCII in this name, where there is one: "асе" in Cyrillic.
func disguise(name string) string {
	found := ""
	for _, r := range name {
		s := script(r)
		if s == "" || s == "Latin" {
			continue
		}
		if p := prototype(r); p == r || p >= 0x80 {
			return ""
		}
		found = s
	}
	return found
}
