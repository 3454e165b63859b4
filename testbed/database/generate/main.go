// Command generate makes a Trivy database from YAML files (generate OUT.db FILE.yaml...), or prints all that a
// database holds (generate --dump FILE.db): the same content is never the same bytes twice.
package main

import (
	"fmt"
	"os"
	"strings"

	fixtures "github.com/aquasecurity/bolt-fixtures"
	bolt "go.etcd.io/bbolt"
)

func main() {
	run := generate
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--dump" {
		run, args = dump, args[1:]
	}
	if err := run(args[0], args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(database string, files []string) error {
	loader, err := fixtures.New(database, files)
	if err != nil {
		return err
	}
	if err := loader.Load(); err != nil {
		return err
	}
	return loader.Close()
}

func dump(database string, _ []string) error {
	db, err := bolt.Open(database, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			return dumpBucket(bucket, string(name), 0)
		})
	})
}

func dumpBucket(bucket *bolt.Bucket, name string, depth int) error {
	indent := strings.Repeat("  ", depth)
	fmt.Printf("%s%s\n", indent, name)
	return bucket.ForEach(func(key, value []byte) error {
		if value == nil {
			return dumpBucket(bucket.Bucket(key), string(key), depth+1)
		}
		fmt.Printf("%s  %s: %s\n", indent, key, value)
		return nil
	})
}
