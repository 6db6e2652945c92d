package secretscan

// A keywordIndex finds every occurrence of many short words in a text, ignoring case, in one pass that hardly touches
// memory: three neighbouring characters, folded to six bits each, are looked up in a bitmap of 32 KiB, and only a hit
// there is compared with whole words.
type keywordIndex struct {
	fold    [256]uint8
	bitmap  [1 << 18 / 64]uint64
	buckets map[uint32][]keyword
}

// A keyword is a word to find and the caller's number for it.
type keyword struct {
	text string // lower case
	id   int
}

// otherChar is what every character that no keyword has folds to.
const otherChar = 63

// newKeywordIndex numbers the words by their position. A word has at least two characters, all ASCII.
func newKeywordIndex(list []string) *keywordIndex {
	x := &keywordIndex{buckets: map[uint32][]keyword{}}
	for i := range x.fold {
		x.fold[i] = otherChar
	}
	next := uint8(0)
	for _, w := range list {
		for i := range min(len(w), 3) {
			c := w[i]
			if x.fold[c] == otherChar && next < otherChar {
				x.fold[c] = next
				next++
			}
		}
	}
	for c := byte('a'); c <= 'z'; c++ {
		x.fold[c-0x20] = x.fold[c]
	}
	for id, w := range list {
		x.add(keyword{text: w, id: id})
	}
	return x
}

func (x *keywordIndex) add(k keyword) {
	prefix := uint32(x.fold[k.text[0]])<<12 | uint32(x.fold[k.text[1]])<<6
	if len(k.text) > 2 {
		x.put(prefix|uint32(x.fold[k.text[2]]), k)
		return
	}
	for third := range uint32(64) {
		x.put(prefix|third, k)
	}
}

func (x *keywordIndex) put(gram uint32, k keyword) {
	x.bitmap[gram/64] |= 1 << (gram % 64)
	x.buckets[gram] = append(x.buckets[gram], k)
}

// find calls hit for every occurrence of a keyword, by rising position.
func (x *keywordIndex) find(text string, hit func(id, at int)) {
	if len(text) < 3 {
		return
	}
	gram := uint32(x.fold[text[0]])<<6 | uint32(x.fold[text[1]])
	for i := 2; i < len(text); i++ {
		gram = (gram<<6 | uint32(x.fold[text[i]])) & (1<<18 - 1)
		if x.bitmap[gram/64]&(1<<(gram%64)) == 0 {
			continue
		}
		for _, k := range x.buckets[gram] {
			if hasFoldPrefix(text[i-2:], k.text) {
				hit(k.id, i-2)
			}
		}
	}
}

// hasFoldPrefix says whether text starts with lower, ignoring ASCII case.
func hasFoldPrefix(text, lower string) bool {
	if len(text) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		if isUpper(c) {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
