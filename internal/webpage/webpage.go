// Package webpage is the frame of pages that need nothing else: no network, no other file. A content policy lets only
// the page's own style and script run.
package webpage

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
)

// Assets are a page's style and script, inline.
type Assets struct{ Style, Script string }

// Bundle reads html/style.css and the scripts of a folder, in the order in which they run. Each script is passed through
// prepare, if there is one. They run as one function in strict mode.
func Bundle(files fs.FS, scripts []string, prepare func(string) string) (Assets, error) {
	css, err := fs.ReadFile(files, "html/style.css")
	if err != nil {
		return Assets{}, err
	}
	out := "\n\"use strict\";\n(() => {\n"
	for _, name := range scripts {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return Assets{}, err
		}
		if prepare != nil {
			text = []byte(prepare(string(text)))
		}
		out += string(text)
	}
	return Assets{"\n" + string(css), out + "})();\n"}, nil
}

// Policy is the content security policy of a page with these assets; more are further directives, each ending in "; ".
func (a Assets) Policy(more string) string {
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; %sbase-uri 'none'; form-action 'none'",
		Hash(a.Style), Hash(a.Script), more)
}

// Hash names an inline script or style in a content security policy.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Head writes a page up to the start of its body. The title must be escaped for HTML.
func (a Assets) Head(w io.Writer, title, moreDirectives string) error {
	_, err := fmt.Fprintf(w, head, a.Policy(moreDirectives), title, a.Style)
	return err
}

const head = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
`
