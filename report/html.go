package report

import "io"

// WriteHTML is under way.
func WriteHTML(w io.Writer, d *Document, _ Options) error {
	j := &jsonWriter{w: w, html: true}
	j.raw(`<script type="application/json" id="report">`)
	j.document(d)
	j.raw(`</script>`)
	return j.close()
}
