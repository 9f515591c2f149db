// Signs a schema 1 manifest with libtrust, with keys that skopeo does not make.
package main

import (
	"os"

	"github.com/docker/libtrust"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	payload, err := os.ReadFile(os.Args[1])
	check(err)
	signature, err := libtrust.NewJSONSignature(payload)
	check(err)
	for _, kind := range os.Args[3:] {
		var key libtrust.PrivateKey
		switch kind {
		case "es256":
			key, err = libtrust.GenerateECP256PrivateKey()
		case "es384":
			key, err = libtrust.GenerateECP384PrivateKey()
		case "es512":
			key, err = libtrust.GenerateECP521PrivateKey()
		case "rs256":
			key, err = libtrust.GenerateRSA2048PrivateKey()
		}
		check(err)
		check(signature.Sign(key))
	}
	signed, err := signature.PrettySignature("signatures")
	check(err)
	check(os.WriteFile(os.Args[2], signed, 0o644))
}
