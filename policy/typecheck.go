package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// Schemas say which fields the objects of each kind have, by OpenAPI documents of an API server. They are not safe for
// concurrent use.
type Schemas struct {
	kinds    map[schema.GroupVersionKind]source
	resolved map[schema.GroupVersionKind]*spec.Schema
}

// A source is where a kind's schema is: in one document, under a name.
type source struct {
	name string
	all  map[string]*spec.Schema
}

// ReadSchemas reads OpenAPI documents of an API server: of version 3, one for each group version
// (/openapi/v3/apis/apps/v1), or of version 2 (/openapi/v2). Later documents win.
func ReadSchemas(documents ...[]byte) (*Schemas, error) {
	s := &Schemas{kinds: map[schema.GroupVersionKind]source{}, resolved: map[schema.GroupVersionKind]*spec.Schema{}}
	for i, text := range documents {
		if err := s.add(text); err != nil {
			return nil, fmt.Errorf("read OpenAPI document %d: %w", i+1, err)
		}
	}
	return s, nil
}

func (s *Schemas) add(text []byte) error {
	var doc struct {
		Components struct {
			Schemas map[string]*spec.Schema `json:"schemas"`
		} `json:"components"`
		Definitions map[string]*spec.Schema `json:"definitions"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	all := doc.Components.Schemas
	if len(all) == 0 {
		all = doc.Definitions
	}
	found := false
	for name, one := range all {
		if one == nil {
			return fmt.Errorf("the schema %s is null", name)
		}
		var kinds []schema.GroupVersionKind
		if err := one.Extensions.GetObject("x-kubernetes-group-version-kind", &kinds); err != nil {
			return fmt.Errorf("read the kinds of %s: %w", name, err)
		}
		for _, gvk := range kinds {
			s.kinds[gvk], found = source{name, all}, true
		}
	}
	if !found {
		return errors.New("it has no schema of a kind of objects (x-kubernetes-group-version-kind): is it one of an API server?")
	}
	return nil
}

// ResolveSchema implements the API server's SchemaResolver.
func (s *Schemas) ResolveSchema(gvk schema.GroupVersionKind) (*spec.Schema, error) {
	if known := s.resolved[gvk]; known != nil {
		return known, nil
	}
	at, ok := s.kinds[gvk]
	if !ok {
		return nil, fmt.Errorf("resolve %s: %w", gvk, resolver.ErrSchemaNotFound)
	}
	of := func(ref string) (*spec.Schema, bool) {
		one, ok := at.all[ref[strings.LastIndex(ref, "/")+1:]]
		return one, ok
	}
	full, err := resolver.PopulateRefs(of, at.name)
	if err != nil {
		return nil, err
	}
	s.resolved[gvk] = full
	return full, nil
}

// mapper maps resources to kinds as far as the schemas have them.
func (s *Schemas) mapper() meta.RESTMapper {
	var versions []schema.GroupVersion
	for gvk := range s.kinds {
		if !slices.Contains(versions, gvk.GroupVersion()) {
			versions = append(versions, gvk.GroupVersion())
		}
	}
	slices.SortFunc(versions, func(a, b schema.GroupVersion) int { return strings.Compare(a.String(), b.String()) })
	mapper := meta.NewDefaultRESTMapper(versions)
	for gvk := range s.kinds {
		resource := ResourceFor(gvk)
		resource.Version = gvk.Version
		singular := resource.GroupVersion().WithResource(strings.ToLower(gvk.Kind))
		mapper.AddSpecific(gvk, resource, singular, meta.RESTScopeNamespace)
	}
	return mapper
}

// A TypeWarning is what type checking says of an expression. An API server writes it into the policy's status, and takes
// the policy all the same.
type TypeWarning struct {
	Path    string // "spec.validations[0].expression"
	Message string
}

// CheckTypes checks the expressions of the policy against the types of the objects that it matches, as the controller of
// an API server does: validations and their messages, for at most ten kinds that are named without wildcards. known is
// how many kinds of the policy's have a schema: when it is 0, nothing was checked.
func (p *Policy) CheckTypes(s *Schemas) (warnings []TypeWarning, known int) {
	mapper := s.mapper()
	checker := validating.TypeChecker{SchemaResolver: s, RestMapper: mapper}
	for _, w := range checker.Check(p.Source) {
		warnings = append(warnings, TypeWarning{Path: w.FieldRef, Message: strings.TrimSpace(w.Warning)})
	}
	return warnings, p.knownKinds(mapper)
}

// knownKinds counts the resources of the policy that have a schema.
func (p *Policy) knownKinds(mapper meta.RESTMapper) int {
	n := 0
	for _, r := range p.Source.Spec.MatchConstraints.ResourceRules {
		for _, group := range r.APIGroups {
			for _, v := range r.APIVersions {
				for _, resource := range r.Resources {
					if kinds, err := mapper.KindsFor(schema.GroupVersionResource{Group: group, Version: v, Resource: resource}); err == nil {
						n += len(kinds)
					}
				}
			}
		}
	}
	return n
}
