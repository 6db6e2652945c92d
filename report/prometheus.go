package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// WritePrometheus writes the text exposition format, for a node exporter's textfile folder or a push gateway. Labels
// are severities, statuses, controls and frameworks, never objects: the number of series does not grow with the cluster.
func WritePrometheus(w io.Writer, d *Document, _ Options) error {
	r := d.Report
	c := countsOf(r.Summary)
	m := &metrics{w: bufio.NewWriter(w)}
	m.family("plimsoll_info", "The program that judged; always 1.")
	m.sample("plimsoll_info", 1, "version", r.Tool.Version)
	if !r.Inventory.Taken.IsZero() {
		m.family("plimsoll_inventory_taken_timestamp_seconds", "When reading began.")
		m.sample("plimsoll_inventory_taken_timestamp_seconds", float64(r.Inventory.Taken.Unix()))
	}
	m.single("plimsoll_objects", "Objects that were read.", float64(r.Inventory.Objects))
	m.single("plimsoll_gaps", "Things that could not be read.", float64(len(r.Inventory.Gaps)))
	m.single("plimsoll_coverage_ratio", "Share of the controls that could look everywhere.", c.Coverage/100)
	m.family("plimsoll_controls", "Controls by status.")
	for _, s := range scan.Statuses() {
		m.sample("plimsoll_controls", float64(c.Controls[s]), "status", string(s))
	}
	m.family("plimsoll_findings", "Findings that no exception accepts, by severity.")
	for _, s := range finding.Severities() {
		m.sample("plimsoll_findings", float64(c.Findings[s.String()]), "severity", s.String())
	}
	m.family("plimsoll_control_findings", "Findings that no exception accepts, by control.")
	for i := range r.Results {
		m.sample("plimsoll_control_findings", float64(len(r.Results[i].Findings)), "control", r.Results[i].Control.ID)
	}
	m.single("plimsoll_excepted_findings", "Findings that an exception accepts.", float64(c.Excepted))
	m.single("plimsoll_errors", "Pairs of control and object that could not be judged.", float64(c.Errors))
	m.single("plimsoll_passed_checks", "Pairs of control and object that passed.", float64(c.Passed))
	m.exceptions(r)
	m.frameworks(d)
	if b := r.Baseline; b != nil {
		m.family("plimsoll_baseline_findings", "Findings compared with the baseline.")
		m.sample("plimsoll_baseline_findings", float64(b.New), "state", "new")
		m.sample("plimsoll_baseline_findings", float64(b.Fixed), "state", "fixed")
		m.sample("plimsoll_baseline_findings", float64(b.Unchanged), "state", "unchanged")
	}
	return m.w.Flush()
}

type metrics struct{ w *bufio.Writer }

// family starts the samples of one name. All are gauges: a report is a state.
func (m *metrics) family(name, help string) {
	fmt.Fprintf(m.w, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

func (m *metrics) single(name, help string, value float64) {
	m.family(name, help)
	m.sample(name, value)
}

// sample writes a value; labels are names and values in turn.
func (m *metrics) sample(name string, value float64, labels ...string) {
	m.w.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		open := ","
		if i == 0 {
			open = "{"
		}
		fmt.Fprintf(m.w, `%s%s="%s"`, open, labels[i], labelEscapes.Replace(display.Clean(labels[i+1])))
	}
	if len(labels) > 0 {
		m.w.WriteByte('}')
	}
	fmt.Fprintf(m.w, " %s\n", strconv.FormatFloat(value, 'f', -1, 64))
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (m *metrics) exceptions(r *scan.Report) {
	states := map[string]int{}
	for _, x := range r.Exceptions {
		states[x.State]++
	}
	m.family("plimsoll_exceptions", "Exceptions by state.")
	for _, state := range []string{scan.Used, scan.Unused, scan.Expired} {
		m.sample("plimsoll_exceptions", float64(states[state]), "state", state)
	}
}

func (m *metrics) frameworks(d *Document) {
	if len(d.Assessments) == 0 {
		return
	}
	m.family("plimsoll_requirements", "Requirements of frameworks by status.")
	for i := range d.Assessments {
		tally := tallyOf(&d.Assessments[i])
		for _, s := range frameworkStatuses() {
			m.sample("plimsoll_requirements", float64(tally[s]), "framework", d.Assessments[i].Framework.ID, "status", string(s))
		}
	}
}
