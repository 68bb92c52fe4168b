"""How a file is made viewable: by a confined process of its own, which knows no row, no key and no network (docs/adr/0024).

`sniffing` says what a file is, `pictures`, `pages`, `sounds`, `letters`, `tables` and `texts` draw it, `parts` is what goes over the pipe,
`confinement` takes every right away, `child` is the program and `process` starts it. None of these knows Django's settings or a row;
`evidence.renderings` keeps what they make.
"""
