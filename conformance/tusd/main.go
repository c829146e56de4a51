// Command tusd serves tusd's own S3 store, as it comes, for the comparison in conformance/uploads: arguments are the address to
// listen on, and the endpoint and bucket of an S3 server. The keys are in the environment, as AWS calls them. It is a module of
// its own, so that AWS's SDK is no part of the product's.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"github.com/tus/tusd/v2/pkg/s3store"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: tusd ADDRESS ENDPOINT BUCKET")
	}
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(os.Args[2]), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	})
	composer := handler.NewStoreComposer()
	s3store.New(os.Args[3], client).UseIn(composer)
	memorylocker.New().UseIn(composer)
	h, err := handler.NewHandler(handler.Config{BasePath: "/api/v1/uploads/", StoreComposer: composer})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/api/v1/uploads/", http.StripPrefix("/api/v1/uploads/", h))
	mux.Handle("/api/v1/uploads", http.StripPrefix("/api/v1/uploads", h))
	log.Fatal(http.ListenAndServe(os.Args[1], mux)) //nolint:gosec // a measure on loopback
}
