package report

import (
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// The parts of SARIF 2.1.0 that we write. The SARIF libraries write every optional list of every result, which makes
// a large report several times as long; they check our output in the tests instead.

type sarifText struct {
	Text string `json:"text"`
}

type sarifMarkdown struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifDescriptor struct {
	ID               string    `json:"id"`
	ShortDescription sarifText `json:"shortDescription"`
}

type sarifReference struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

type sarifDriver struct {
	Name           string            `json:"name"`
	Version        string            `json:"version,omitempty"`
	InformationURI string            `json:"informationUri"`
	Rules          []sarifRule       `json:"rules"`
	Notifications  []sarifDescriptor `json:"notifications"`
}

type sarifRule struct {
	ID                   string              `json:"id"`
	Name                 string              `json:"name"`
	ShortDescription     sarifText           `json:"shortDescription"`
	FullDescription      sarifText           `json:"fullDescription"`
	Help                 sarifMarkdown       `json:"help"`
	HelpURI              string              `json:"helpUri"`
	DefaultConfiguration sarifConfiguration  `json:"defaultConfiguration"`
	Properties           sarifRuleProperties `json:"properties"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	Tags             []string         `json:"tags"`
	Precision        string           `json:"precision"`
	SecuritySeverity string           `json:"security-severity"`
	Severity         finding.Severity `json:"severity"`
	Enforce          string           `json:"enforce"`
	Requirements     []string         `json:"requirements,omitempty"`
}

type sarifRunProperties struct {
	Counts            Counts           `json:"counts"`
	Source            inventory.Source `json:"source"`
	Objects           int              `json:"objects"`
	KubernetesVersion string           `json:"kubernetesVersion"`
	Taken             time.Time        `json:"taken"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Descriptor sarifReference  `json:"descriptor"`
	Rule       *sarifReference `json:"associatedRule,omitempty"`
	Level      string          `json:"level"`
	Message    sarifText       `json:"message"`
	Locations  []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Logical  []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

type sarifLogical struct {
	Name               string `json:"name"`
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type sarifResult struct {
	RuleID        string                `json:"ruleId"`
	RuleIndex     int                   `json:"ruleIndex"`
	Level         string                `json:"level"`
	BaselineState string                `json:"baselineState,omitempty"`
	Message       sarifText             `json:"message"`
	Locations     []sarifLocation       `json:"locations"`
	Fingerprints  map[string]string     `json:"partialFingerprints"`
	Suppressions  []sarifSuppression    `json:"suppressions"`
	Properties    sarifResultProperties `json:"properties"`
}

type sarifResultProperties struct {
	Severity finding.Severity  `json:"severity"`
	Object   finding.Ref       `json:"object"`
	Path     finding.Path      `json:"path"`
	Because  []finding.Reason  `json:"because"`
	Fix      *finding.Fix      `json:"fix,omitempty"`
	Rendered *finding.Position `json:"rendered,omitempty"`
}

// sarifLocations says where an object is: in its file if one is known, and by name.
func sarifLocations(object *finding.Ref, p finding.Position, at finding.Path) []sarifLocation {
	name := display.Clean(object.String())
	location := sarifLocation{Physical: sarifPlace(p), Logical: []sarifLogical{{
		Name: name, FullyQualifiedName: strings.TrimSuffix(name+"."+display.Clean(string(at)), "."), Kind: "resource",
	}}}
	return []sarifLocation{location}
}

// sarifPlace is the place in a file, nil when no file is known. A line of rendered output is no line of the file.
func sarifPlace(p finding.Position) *sarifPhysical {
	if p.File == "" {
		return nil
	}
	out := &sarifPhysical{Artifact: sarifArtifact{URI: fileURI(p.File)}}
	if !path.IsAbs(p.File) {
		out.Artifact.URIBaseID = "%SRCROOT%"
	}
	if p.Line > 0 && !p.Rendered {
		out.Region = &sarifRegion{p.Line, p.Column}
	}
	return out
}

// fileURI is a file name as a URI reference.
func fileURI(name string) string {
	u := url.URL{Path: strings.ToValidUTF8(name, "\uFFFD")}
	if path.IsAbs(name) {
		u.Scheme = "file"
	}
	return u.String()
}
