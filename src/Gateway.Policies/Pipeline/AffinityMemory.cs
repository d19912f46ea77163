using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// What YARP's session affinity notes of a request: that the client has a key already, and needs none with the answer. After a failover it does need one, or it
/// would come with the key of the destination that failed for ever.
/// </summary>
internal static class AffinityMemory
{
    /// <summary>Has the key of whoever answers sent to the client.</summary>
    public static void Forget(HttpContext http)
    {
        // YARP's policies mark the request under keys that are plain objects of their own, with what the client sent: text, or text and whether it could be read.
        List<object>? marks = null;
        foreach (var (key, value) in http.Items)
        {
            if (key.GetType() == typeof(object) && value is string or ValueTuple<string, bool>)
            {
                (marks ??= []).Add(key);
            }
        }

        marks?.ForEach(mark => http.Items.Remove(mark));
    }
}
