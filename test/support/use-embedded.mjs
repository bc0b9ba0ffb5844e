// Of the test file alone: jest gives each a copy of the environment.
process.env['TEST_ETCD'] = 'embedded';
