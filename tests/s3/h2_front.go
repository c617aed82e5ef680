// Speaks HTTP/2 over TLS in front of a server that does not, or would rather not:
//
//	h2_front ADDRESS CERTIFICATE KEY URL
//
// The host that was asked for goes on to the server, since it is a part of what is signed.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	behind, err := url.Parse(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	front := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
	}}
	only2 := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			http.Error(w, "not HTTP/2", http.StatusHTTPVersionNotSupported)
			return
		}
		front.ServeHTTP(w, r)
	})
	log.Fatal(http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], only2))
}
