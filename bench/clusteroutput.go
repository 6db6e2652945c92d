package main

import (
	"errors"
	"flag"
)

// A clusterOutput is where a generated cluster is written.
type clusterOutput struct{ file, folder string }

// parse reads the flags of a command that generates a cluster, whose own are declared.
func (o *clusterOutput) parse(flags *flag.FlagSet, args []string) error {
	flags.StringVar(&o.file, "o", "", "snapshot `file` to write")
	flags.StringVar(&o.folder, "yaml", "", "`folder` for YAML, one file for each namespace")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.file == "" && o.folder == "" {
		return errors.New("say where to write: -o FILE, -yaml FOLDER or both")
	}
	return nil
}

func (o *clusterOutput) write(objects []map[string]any) error {
	if o.folder != "" {
		if err := writeYAML(o.folder, objects); err != nil {
			return err
		}
	}
	if o.file != "" {
		return writeCluster(o.file, objects)
	}
	return nil
}
