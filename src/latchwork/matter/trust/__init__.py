"""Who is who and who may: certificates, fabrics, attestation and access control."""
