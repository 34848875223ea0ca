-- Nothing to undo: what Alipay had told stays true.
DO 0;
