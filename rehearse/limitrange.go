package rehearse

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// completeLimits fills in what the API server fills in of a LimitRange: a maximum is also the default limit, a default limit
// also the default request, and a minimum as well where there is no other.
func completeLimits(r *corev1.LimitRange) {
	for i := range r.Spec.Limits {
		item := &r.Spec.Limits[i]
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		item.Default = orFrom(item.Default, item.Max)
		item.DefaultRequest = orFrom(orFrom(item.DefaultRequest, item.Default), item.Min)
	}
}

// orFrom is a list with what it lacks from another.
func orFrom(list, other corev1.ResourceList) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, quantity := range other {
		out[name] = quantity
	}
	for name, quantity := range list {
		out[name] = quantity
	}
	return out
}

// applyDefaults gives the containers of a pod what a LimitRange says they get when they ask for nothing.
func applyDefaults(r *corev1.LimitRange, pod *corev1.Pod) {
	for _, item := range r.Spec.Limits {
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		for _, c := range containersOf(pod) {
			c.Resources.Limits = orFrom(c.Resources.Limits, item.Default)
			c.Resources.Requests = orFrom(c.Resources.Requests, item.DefaultRequest)
		}
	}
}

// limitFaults are what a LimitRange has against a pod.
func limitFaults(r *corev1.LimitRange, pod *corev1.Pod) []string {
	var out []string
	for i := range r.Spec.Limits {
		item := &r.Spec.Limits[i]
		switch item.Type {
		case corev1.LimitTypeContainer:
			for _, c := range containersOf(pod) {
				for _, fault := range itemFaults(item, c.Resources.Requests, c.Resources.Limits) {
					out = append(out, fmt.Sprintf("container %s: %s", c.Name, fault))
				}
			}
		case corev1.LimitTypePod:
			out = append(out, itemFaults(item, podTotal(pod, requests, false), podTotal(pod, limits, false))...)
		}
	}
	return out
}

// defaultFaults are requests above the limit that a LimitRange gives to containers that have none: such pods are not valid.
func defaultFaults(r *corev1.LimitRange, pod *corev1.Pod) []string {
	var out []string
	for i := range r.Spec.Limits {
		item := &r.Spec.Limits[i]
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		for _, c := range containersOf(pod) {
			for _, name := range namesOf(item.Default, item.DefaultRequest) {
				request, requested := c.Resources.Requests[name]
				limit, limited := c.Resources.Limits[name]
				if requested && limited && request.Cmp(limit) > 0 {
					out = append(out, fmt.Sprintf("container %s: with the defaults its request of %s %s is above its limit of %s",
						c.Name, name, request.String(), limit.String()))
				}
			}
		}
	}
	return out
}

// claimFaults are what a LimitRange has against a claim of storage.
func claimFaults(r *corev1.LimitRange, asked corev1.ResourceList) []string {
	var out []string
	for i := range r.Spec.Limits {
		item := &r.Spec.Limits[i]
		if item.Type != corev1.LimitTypePersistentVolumeClaim {
			continue
		}
		for _, name := range namesOf(item.Min, item.Max) {
			request, there := asked[name]
			low, hasLow := item.Min[name]
			high, hasHigh := item.Max[name]
			switch {
			case !there:
				out = append(out, fmt.Sprintf("no request of %s", name))
			case hasLow && request.Cmp(low) < 0:
				out = append(out, fmt.Sprintf("%s %s is below the minimum of %s", name, request.String(), low.String()))
			case hasHigh && request.Cmp(high) > 0:
				out = append(out, fmt.Sprintf("%s %s is above the maximum of %s", name, request.String(), high.String()))
			}
		}
	}
	return out
}

// itemFaults judges what one container, or a pod as a whole, asks for.
func itemFaults(item *corev1.LimitRangeItem, requests, limits corev1.ResourceList) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range namesOf(item.Min, item.Max, item.MaxLimitRequestRatio) {
		request, requested := requests[name]
		limit, limited := limits[name]
		if low, has := item.Min[name]; has {
			switch {
			case !requested:
				say("no request of %s, of which at least %s is needed", name, low.String())
			case request.Cmp(low) < 0:
				say("request of %s %s is below the minimum of %s", name, request.String(), low.String())
			case limited && limit.Cmp(low) < 0:
				say("limit of %s %s is below the minimum of %s", name, limit.String(), low.String())
			}
		}
		if high, has := item.Max[name]; has {
			switch {
			case !limited:
				say("no limit of %s, of which at most %s is allowed", name, high.String())
			case limit.Cmp(high) > 0:
				say("limit of %s %s is above the maximum of %s", name, limit.String(), high.String())
			case requested && request.Cmp(high) > 0:
				say("request of %s %s is above the maximum of %s", name, request.String(), high.String())
			}
		}
		if ratio, has := item.MaxLimitRequestRatio[name]; has {
			switch {
			case !requested || request.IsZero() || !limited || limit.IsZero():
				say("%s needs a request and a limit, of which the second is at most %s times the first", name, ratio.String())
			case tooFar(request, limit, ratio):
				say("limit of %s %s is more than %s times the request %s", name, limit.String(), ratio.String(), request.String())
			}
		}
	}
	return out
}

func tooFar(request, limit, ratio resource.Quantity) bool {
	return limit.AsApproximateFloat64() > request.AsApproximateFloat64()*ratio.AsApproximateFloat64()*(1+1e-12)
}

// namesOf are the resources of some lists, sorted.
func namesOf(lists ...corev1.ResourceList) []corev1.ResourceName {
	var out []corev1.ResourceName
	for _, list := range lists {
		for name := range list {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.SortFunc(out, func(a, b corev1.ResourceName) int { return strings.Compare(string(a), string(b)) })
	return out
}
