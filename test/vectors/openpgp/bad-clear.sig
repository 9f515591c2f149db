-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

{"critical":{"identity":{"docker-reference":"images.example.org/fedora/base:41"},"image":{"docker-manifest-digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"type":"atomic container signature"},"optional":{"creator":"signpost","timestamp":1767225600,"serial":7}}
-----BEGIN PGP SIGNATURE-----

iQG5BAEBCAAjFiEEMZUMnOoY+8LBNTNAACUbROyhEegFAmlVuQAFgwCD1gAACgkQ
ACUbROyhEehIEAv/YWBhV3w6+UpzJmivUGSEPGwcnxaCzsmql2YfuK1ZuzkCPs9w
zQvbgNOL1SXAYaOoY3fFi5LZdxMQNgeBQYTUBM6a6ecg5RJ8blzv0TiLrf29g0qM
vW8CvnbPulL6cU19kSzNHYQJxV75i2AN3fIZgxbn0AzIrSC03/TMMbWJFhnaqpBW
s0RHVSddTHO15DndOc20YRDl6j+DZitHHRczfuxdOqtfa/zJ6CNX7D4gNSPC1geI
TtKNII0sPHZwHY9J8DK2wUURh8W33P1YDgnjhGfMqqpGqmbKOHbuomkMw0m/07ow
lGBrbncDsfH+xFrATUO88XyNiKUkI6Mk4QOspmv++BsjktUF/QvABnn/YglLRm9u
ztfKJMtIRztvjf54tVSMsuWipfE3svQdmWzTe92gZDxowfgcVRhLwt2m25U5SG52
DBYayYj6ZJrRPmUXyZk9kKbQT2Xd8t1k6Xf8QGJlJL6PCRKNkfh19sI2i/v8D9wB
mbDkI6n1O5xlYH+o
=BWpd
-----END PGP SIGNATURE-----
