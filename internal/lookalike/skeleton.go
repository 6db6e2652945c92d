package lookalike

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Pair says whether two different names read alike: they have the same skeleton. "admin" and "аdmin" do, and so do
// "team-1" and "team-l", which are both plain: the caller decides what that is worth.
func Pair(a, b string) bool {
	return a != b && Skeleton(a) == Skeleton(b)
}

// Skeleton is what names that read alike have in common. It is for comparing only, and never for showing: it is no
// name, and upper case stays what it is.
func Skeleton(name string) string {
	text := name
	if !isPlain(name) {
		text = norm.NFKD.String(name)
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	for _, r := range text {
		if r >= 0x80 && (isInvisible(r) || unicode.Is(unicode.Bidi_Control, r)) {
			continue
		}
		switch p := prototype(r); p {
		case '0':
			b.WriteByte('O')
		case '1', 'I', '|':
			b.WriteByte('l')
		case 'm':
			b.WriteString("rn")
		default:
			b.WriteRune(p)
		}
	}
	return b.String()
}

// isStyled says whether a character is a compatibility form of ASCII letters or digits: full width, mathematical,
// circled and the like.
func isStyled(r rune) bool {
	if r < 0x80 || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsSymbol(r) {
		return false
	}
	plain := norm.NFKD.String(string(r))
	if plain == "" {
		return false
	}
	for i := range len(plain) {
		if c := plain[i]; c >= 0x80 || !unicode.IsLetter(rune(c)) && !unicode.IsDigit(rune(c)) {
			return false
		}
	}
	return true
}

// prototype is the ASCII character that r reads like, and r itself when there is none.
func prototype(r rune) rune {
	if r < 0x80 {
		return r
	}
	for _, p := range prototypes {
		if strings.ContainsRune(p.from, r) {
			return p.to
		}
	}
	return r
}

// prototypes lists what reads like an ASCII character in usual fonts, by what it reads like. Forms that Unicode itself
// calls compatible with ASCII (full width, mathematical letters, Roman numerals) need no line.
var prototypes = [...]struct {
	to   rune
	from string
}{
	{'a', "аαɑ"}, {'A', "АΑᎪꓮⲀ"},
	{'b', "ЬƄᏏ"}, {'B', "ВΒᏴꓐⲂ"},
	{'c', "сϲᴄⲥ"}, {'C', "СϹᏟꓚⲤ"},
	{'d', "ԁᏧ"}, {'D', "Ꭰꓓᗞᗪ"},
	{'e', "еҽ"}, {'E', "ЕΕᎬꓰ"},
	{'f', "ƒք"}, {'F', "ϜꓝᖴꞘ"},
	{'g', "ɡց"}, {'G', "ԌᏀᏳꓖ"},
	{'h', "һհᏂ"}, {'H', "НΗᎻꓧⲎ"},
	{'i', "іιıɩɪᎥӏ"}, {'j', "јϳյ"}, {'J', "ЈͿᎫꓙ"},
	{'K', "КΚᏦꓗⲔ"},
	{'l', "ІӀΙǀⲒꓲᏆוןا丨ㅣ"}, {'L', "ᏞꓡԼ"},
	{'M', "МΜϺᎷꓟⲘ"},
	{'n', "ոռ"}, {'N', "ΝꓠⲚ"},
	{'o', "оοσօⲟᴏჿ๐໐०০੦૦௦౦೦൦၀סه𐐬"}, {'O', "ОΟՕⲞꓳ〇𐐄"},
	{'p', "рρⲣ"}, {'P', "РΡᏢꓑⲢ"},
	{'q', "ԛզ"}, {'Q', "Ԛ"},
	{'r', "гⲅ"}, {'R', "ᎡᏒꓣ"},
	{'s', "ѕꜱƽ"}, {'S', "ЅՏᏕᏚꓢ"},
	{'T', "ТΤᎢꓔⲦ"},
	{'u', "υսᴜʋ"}, {'U', "Սꓴ"},
	{'v', "ѵνᴠ"}, {'V', "ѴᏙꓦ"},
	{'w', "ԝաᴡѡ"}, {'W', "ԜᎳᏔꓪ"},
	{'x', "х"}, {'X', "ХΧꓫⲬ"},
	{'y', "уүγყᎩ"}, {'Y', "УҮΥꓬⲨ"},
	{'z', "ᴢ"}, {'Z', "ΖᏃꓜ"},
	{'2', "ƨ"}, {'3', "ЗӠƷȜ"}, {'4', "Ꮞ"}, {'6', "б"}, {'8', "Ȣȣ"},
	{':', "։׃ː˸∶꞉᛬"}, {'/', "⁄∕⧸╱"}, {'-', "‐‑‒–—−⁃"}, {'.', "٠۰܁܂"}, {'\'', "‘’‛ʹʼʻ′ˈ"}, {'_', "ߺ"}, {',', "‚٫"},
}
