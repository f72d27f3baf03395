// sealift-renderer renders charts as `helm template` does, one after the other in one process.
//
// helm's own library does all of it. What it saves over the command is the start of a process and
// the reading of a chart that has been read before.
//
// Requests come as JSON on standard input, one a line; answers go to standard output in their
// order, one a line: {"manifest": "..."} or {"error": "..."}.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/strvals"
)

// request is one render: the flags of `helm template`, with the values as YAML or JSON.
type request struct {
	Chart       string   `json:"chart"`
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	Values      string   `json:"values"`
	Set         []string `json:"set"`
	SetString   []string `json:"setString"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
	IsUpgrade   bool     `json:"isUpgrade"`
}

type answer struct {
	Manifest string `json:"manifest,omitempty"`
	Error    string `json:"error,omitempty"`
}

// mostCharts bounds what is kept: a chart of a platform takes some megabytes.
const mostCharts = 32

// charts are those that were read, by the digest of their archive.
var charts = map[[32]byte]*chart.Chart{}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	log.SetOutput(io.Discard) // helm's warnings are for people
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if encoder.Encode(respond(line)) != nil || writer.Flush() != nil {
				os.Exit(1)
			}
		}
		if err != nil {
			return
		}
	}
}

// version is that of the helm library: its renders are those of the command of this version.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, dependency := range info.Deps {
			if dependency.Path == "helm.sh/helm/v3" {
				return dependency.Version
			}
		}
	}
	return ""
}

func respond(line []byte) (said answer) {
	defer func() {
		if problem := recover(); problem != nil {
			said = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var wanted request
	if err := json.Unmarshal(line, &wanted); err != nil {
		return answer{Error: err.Error()}
	}
	manifest, err := render(wanted)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Manifest: manifest}
}

func render(wanted request) (string, error) {
	kubeVersion, err := chartutil.ParseKubeVersion(wanted.KubeVersion)
	if err != nil {
		return "", fmt.Errorf("invalid kube version '%s': %s", wanted.KubeVersion, err)
	}
	client := action.NewInstall(new(action.Configuration))
	client.DryRun = true
	client.DryRunOption = "true"
	client.ClientOnly = true
	client.Replace = true
	client.IncludeCRDs = true
	client.ReleaseName = wanted.Release
	client.Namespace = wanted.Namespace
	client.KubeVersion = kubeVersion
	client.APIVersions = wanted.APIVersions
	client.IsUpgrade = wanted.IsUpgrade
	merged, err := merge(wanted)
	if err != nil {
		return "", err
	}
	requested, err := load(wanted.Chart)
	if err != nil {
		return "", err
	}
	if kind := requested.Metadata.Type; kind != "" && kind != "application" {
		return "", fmt.Errorf("%s charts are not installable", kind)
	}
	if dependencies := requested.Metadata.Dependencies; dependencies != nil {
		if err := action.CheckDependencies(requested, dependencies); err != nil {
			return "", fmt.Errorf("An error occurred while checking for chart dependencies. "+
				"You may need to run `helm dependency build` to fetch missing dependencies: %w", err)
		}
	}
	release, err := client.RunWithContext(context.Background(), requested, merged)
	if err != nil {
		if release != nil {
			return "", fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", err)
		}
		return "", err
	}
	var text strings.Builder
	fmt.Fprintln(&text, strings.TrimSpace(release.Manifest))
	for _, hook := range release.Hooks {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
	}
	return text.String(), nil
}

// merge reads values as the command's --values, --set and --set-string, in that order.
func merge(wanted request) (map[string]interface{}, error) {
	merged, err := chartutil.ReadValues([]byte(wanted.Values))
	if err != nil {
		return nil, err
	}
	for _, pair := range wanted.Set {
		if err := strvals.ParseInto(pair, merged); err != nil {
			return nil, fmt.Errorf("failed parsing --set data: %w", err)
		}
	}
	for _, pair := range wanted.SetString {
		if err := strvals.ParseIntoString(pair, merged); err != nil {
			return nil, fmt.Errorf("failed parsing --set-string data: %w", err)
		}
	}
	return merged, nil
}

// load returns a chart of one's own: rendering changes it.
func load(path string) (*chart.Chart, error) {
	if information, err := os.Stat(path); err == nil && information.IsDir() {
		return loader.LoadDir(path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(data)
	read, ok := charts[key]
	if !ok {
		read, err = loader.LoadArchive(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if len(charts) == mostCharts {
			clear(charts)
		}
		charts[key] = read
	}
	return copied(read)
}

func copied(of *chart.Chart) (*chart.Chart, error) {
	metadata := *of.Metadata
	metadata.Dependencies = nil
	for _, dependency := range of.Metadata.Dependencies {
		one := *dependency
		metadata.Dependencies = append(metadata.Dependencies, &one)
	}
	own := *of
	own.Metadata = &metadata
	own.Values = plain(of.Values).(map[string]interface{})
	own.SetDependencies()
	for _, below := range of.Dependencies() {
		one, err := copied(below)
		if err != nil {
			return nil, err
		}
		own.AddDependency(one)
	}
	return &own, nil
}

// plain copies what YAML can hold.
func plain(value interface{}) interface{} {
	switch typed := value.(type) {
	case map[string]interface{}:
		if typed == nil {
			return typed
		}
		result := make(map[string]interface{}, len(typed))
		for key, child := range typed {
			result[key] = plain(child)
		}
		return result
	case []interface{}:
		result := make([]interface{}, len(typed))
		for index, child := range typed {
			result[index] = plain(child)
		}
		return result
	default:
		return value
	}
}
